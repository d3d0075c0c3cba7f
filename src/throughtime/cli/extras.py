"""Which extra of the package brings what."""

from __future__ import annotations

EXTRAS = {
    "seq2seq": (
        *("datasets", "lightning-fabric", "matplotlib", "sacrebleu", "sacremoses", "sentencepiece"),
        "tensorboard",
    ),
    "studio": ("fastapi", "prometheus-client", "uvicorn"),
}


def extra_with(module: str) -> str:
    """The extra that brings a module; that of sequence to sequence, which has most, where no other does."""
    package = module.split(".")[0].replace("_", "-")
    return next((extra for extra, packages in EXTRAS.items() if package in packages), "seq2seq")
