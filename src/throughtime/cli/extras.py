"""Which extra of the package brings what."""

from __future__ import annotations

EXTRAS = {
    "words": (
        *("charset-normalizer", "cyclopts", "datasets", "filelock", "gensim", "lightning-fabric"),
        *("matplotlib", "rich", "scikit-learn", "snowballstemmer", "stopwordsiso", "tensorboard"),
    ),
    "seq2seq": (
        *("cyclopts", "datasets", "filelock", "lightning-fabric", "matplotlib", "pyarrow", "rich"),
        *("sacrebleu", "sacremoses", "sentencepiece", "tensorboard"),
    ),
    "language": (
        *("charset-normalizer", "cyclopts", "datasets", "filelock", "lightning-fabric", "matplotlib"),
        *("rich", "scikit-learn", "sentencepiece", "tensorboard"),
    ),
    "studio": ("fastapi", "prometheus-client", "uvicorn"),
}
"""As in pyproject.toml, but for what an extra takes of another."""

COMMANDS = {"label": "language"}
"""Commands that need the extra of another name."""

MODULES = {"scipy": "scikit-learn", "sklearn": "scikit-learn"}
"""Modules that come with a package of another name."""


def extra_with(module: str, command: str = "") -> str:
    """The extra that brings a module: that of the command, by its first word, or else one that has it.

    A command without an extra of its name needs that of sequence to sequence; so does a module of none.
    """
    package = module.split(".")[0].replace("_", "-")
    package = MODULES.get(package, package)
    own = COMMANDS.get(command, command if command in EXTRAS else "seq2seq")
    return next((extra for extra in (own, *EXTRAS) if package in EXTRAS[extra]), own)
