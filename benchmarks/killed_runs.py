"""Runs that are killed at random moments and go on end in the same bits as one that was left alone.

A translator is trained on the built-in phrasebook, once undisturbed, then again and again with SIGKILL at
up to three random moments, wherever it is: preparing, training, validating, or writing a file. Each time
the command goes on with `resume`, or begins anew where nothing was saved yet. At the end both models are
compared bit by bit: weights, settings and vocabulary.

    python benchmarks/killed_runs.py --runs 20    writes killed_runs.json
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

from cyclopts import App
from rich.console import Console
from rich.table import Table
from safetensors import safe_open
from same_bits import weights_digest

SETTINGS = (
    *("--embedding-size", "32", "--encoder-size", "32", "--decoder-size", "64", "--dropout", "0.2"),
    *("--max-epochs", "0.5", "--max-minutes", "0", "--schedule", "cosine", "--validate-every", "0.1"),
    *("--average-last", "3", "--keep-checkpoints", "1", "--patience", "9", "--tokens-per-batch", "3000"),
    *("--checkpoint-minutes", "0.01", "--validation-size", "100"),
)
MODELS = "best.safetensors", "last.safetensors"
KILLS = 3

app = App(help=__doc__, help_format="plaintext")


def command(folder: Path) -> list[str]:
    """What a user would type now: train, or resume where there is something to go on from."""
    verb = [sys.executable, "-m", "throughtime", "seq2seq"]
    if (folder / "checkpoint.safetensors").exists():
        return [*verb, "resume", str(folder)]
    return [*verb, "train", "--folder", str(folder), "--overwrite", *SETTINGS]


def digests(folder: Path) -> dict[str, str]:
    """What the bits of the two models are: weights, settings, vocabulary.

    Not of the files as they lie, for safetensors writes the parts of its header in any order.
    """
    return {name: digest(folder / name) for name in MODELS}


def digest(path: Path) -> str:
    """A digest of all that a model file holds, in the order of the names."""
    found = hashlib.sha256()
    with safe_open(path, framework="pt") as file:
        found.update(repr(sorted(file.metadata().items())).encode())
    found.update(weights_digest(path).encode())
    return found.hexdigest()


def killed(folder: Path, seconds: float, draw: random.Random) -> list[float]:
    """Train to the end, killed after so many seconds each time."""
    moments: list[float] = []
    for _ in range(draw.randint(1, KILLS)):
        process = subprocess.Popen(command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        moment = draw.uniform(0, seconds)
        try:
            process.wait(moment)
            break  # it was done before
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            moments.append(moment)
    if not (folder / "report.json").exists():
        subprocess.run(command(folder), stdout=subprocess.DEVNULL, check=True)
    return moments


@app.default
def main(
    *,
    runs: int = 20,
    seed: int = 1,
    folder: Path = Path("runs/killed"),
    output: Path = Path("killed_runs.json"),
) -> None:
    """Train once, then kill."""
    shutil.rmtree(folder, ignore_errors=True)
    start = time.monotonic()
    subprocess.run(command(folder / "alone"), stdout=subprocess.DEVNULL, check=True)
    seconds = time.monotonic() - start
    wanted, draw, found = digests(folder / "alone"), random.Random(seed), []
    table = Table("run", "killed after, seconds", "same bits")
    for number in range(1, runs + 1):
        place = folder / str(number)
        while not (moments := killed(place, seconds, draw)):
            shutil.rmtree(place)  # it was done before it could be killed
        found.append({"killed": moments, "same": digests(place) == wanted})
        table.add_row(
            str(number), ", ".join(f"{one:.1f}" for one in moments), "yes" if found[-1]["same"] else "NO"
        )
        shutil.rmtree(place)
    Console().print(table)
    same = sum(one["same"] for one in found)
    print(f"{same} of {runs} killed runs ended in the same bits; one left alone takes {seconds:.0f} s")
    output.write_text(json.dumps({"seconds": seconds, "runs": found}, indent=2) + "\n")


if __name__ == "__main__":
    app()
