"""The bits of two small trainings, to compare a revision with the one before it.

A translator and a recurrent text classifier are trained for about 200 steps each, on the built-in data with
one seed, by the command line. Printed is a digest of the weights of each, which depends on the processor and
on torch, but not on where the code lies: a change that only moves or renames leaves both as they were.

    python benchmarks/same_bits.py
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from safetensors import safe_open

TRAIN = [sys.executable, "-m", "throughtime"]
SMALL = ("--max-minutes", "0", "--threads", "2", "--seed", "7")
TRANSLATION = (
    *("seq2seq", "train", "--embedding-size", "32", "--encoder-size", "32", "--decoder-size", "64"),
    *("--dropout", "0.2", "--max-epochs", "0.65", "--validate-every", "0.65", "--validation-size", "50"),
)
CLASSIFICATION = (
    *("words", "classify", "train", "--methods", "lstm", "--hidden-size", "32", "--max-words", "60"),
    *("--vector-size", "32", "--vector-epochs", "1", "--max-epochs", "0.5", "--validate-every", "0.5"),
)


def weights_digest(path: Path) -> str:
    """A digest of names, shapes and numbers of all tensors in a model file."""
    digest = hashlib.sha256()
    with safe_open(path, framework="pt") as file:
        for name in sorted(file.keys()):
            tensor = file.get_tensor(name)
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def trained(command: tuple[str, ...], folder: Path, model: str) -> str:
    """Train in a folder and give the digest of the model there."""
    arguments = [*TRAIN, *command, *SMALL, "--folder", str(folder)]
    subprocess.run(arguments, stdout=subprocess.DEVNULL, check=True)
    (path,) = folder.rglob(model)
    return weights_digest(path)


def main() -> None:
    """Print both digests."""
    with tempfile.TemporaryDirectory() as place:
        print("translation   ", trained(TRANSLATION, Path(place) / "translation", "last.safetensors"))
        print("classification", trained(CLASSIFICATION, Path(place) / "classification", "best.safetensors"))


if __name__ == "__main__":
    main()
