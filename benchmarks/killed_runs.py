"""Runs that are killed at random moments and resumed end in the same bits as one that was left alone.

A translator is trained on the built-in phrasebook, or three text classifiers or a language model on texts
made up here, once undisturbed, then again and again with SIGKILL at up to three random moments, wherever the
run is: preparing, training, validating, or writing a file. Each time the command resumes it, or begins anew
where nothing was saved yet. At the end the models are compared bit by bit: weights, settings, vocabulary.

    python benchmarks/killed_runs.py --runs 20                          writes killed_runs.json
    python benchmarks/killed_runs.py --application "words classify"     the same for classifiers
    python benchmarks/killed_runs.py --application language             and for a language model
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
from typing import Literal

from cyclopts import App
from rich.console import Console
from rich.table import Table
from safetensors import safe_open
from same_bits import weights_digest

Application = Literal["seq2seq", "words classify", "language"]
SETTINGS: dict[Application, tuple[str, ...]] = {
    "seq2seq": (
        *("--embedding-size", "32", "--encoder-size", "32", "--decoder-size", "64", "--dropout", "0.2"),
        *("--max-epochs", "0.5", "--max-minutes", "0", "--schedule", "cosine", "--validate-every", "0.1"),
        *("--average-last", "3", "--keep-checkpoints", "1", "--patience", "9", "--tokens-per-batch", "3000"),
        *("--checkpoint-minutes", "0.01", "--validation-size", "100"),
    ),
    "words classify": (
        *("--methods", "tfidf", "gru", "lstm", "--embedding-size", "32", "--hidden-size", "32"),
        *("--vector-size", "32", "--vector-epochs", "2", "--max-epochs", "4", "--validate-every", "0.5"),
        *("--average-last", "3", "--checkpoint-minutes", "0.01", "--schedule", "cosine"),
    ),
    "language": (
        *("--hidden-size", "64", "--num-layers", "2", "--dropout", "0.2", "--rows", "16", "--steps", "50"),
        *("--max-epochs", "1.5", "--schedule", "cosine", "--validate-every", "0.3", "--weight-drop", "0.1"),
        *("--average-decay", "0.99", "--average-last", "2", "--checkpoint-minutes", "0.01"),
    ),
}
MODELS: dict[Application, tuple[str, ...]] = {
    "seq2seq": ("best.safetensors", "last.safetensors"),
    "words classify": (
        *("tfidf/best.safetensors", "gru/best.safetensors", "gru/last.safetensors"),
        *("lstm/best.safetensors", "lstm/last.safetensors"),
    ),
    "language": ("best.safetensors", "last.safetensors"),
}
KILLS = 3
TEXTS = 3000

app = App(help=__doc__, help_format="plaintext")


def command(application: Application, folder: Path) -> list[str]:
    """What a user would type now: train, or resume where there is something to resume from."""
    verb = [sys.executable, "-m", "throughtime", *application.split()]
    start = "settings.json" if application == "words classify" else "checkpoint.safetensors"
    if (folder / start).exists():
        return [*verb, "resume", str(folder)]
    corpus = [] if application == "seq2seq" else ["--corpus", str(folder.parent / "texts.tsv")]
    return [*verb, "train", "--folder", str(folder), "--overwrite", *corpus, *SETTINGS[application]]


def write_texts(path: Path) -> None:
    """Write texts of which the order of two words tells the label."""
    draw = random.Random(1)
    with path.open("w") as file:
        for _ in range(TEXTS):
            label = draw.choice(("first", "second"))
            words = [f"w{draw.randrange(500)}" for _ in range(draw.randint(10, 60))]
            place = sorted(draw.sample(range(len(words)), 2))
            pair = ("left", "right") if label == "first" else ("right", "left")
            for where, word in zip(place, pair, strict=True):
                words[where] = word
            file.write(f"{label}\t{' '.join(words)}\n")


def digests(application: Application, folder: Path) -> dict[str, str]:
    """Digests of what the models hold: weights, settings, vocabulary.

    Not of the bytes of the files, since safetensors writes the parts of its header in any order.
    """
    return {name: digest(folder / name) for name in MODELS[application]}


def digest(path: Path) -> str:
    """A digest of all that a model file holds, in the order of the names."""
    both = hashlib.sha256()
    with safe_open(path, framework="pt") as file:
        both.update(repr(sorted(file.metadata().items())).encode())
    both.update(weights_digest(path).encode())
    return both.hexdigest()


def killed(application: Application, folder: Path, seconds: float, draw: random.Random) -> list[float]:
    """Train to the end, killed up to three times; return the seconds after which."""
    moments: list[float] = []
    for _ in range(draw.randint(1, KILLS)):
        process = subprocess.Popen(
            command(application, folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        moment = draw.uniform(0, seconds)
        try:
            process.wait(moment)
            break  # it was done before
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            moments.append(moment)
    if not (folder / "report.json").exists():
        subprocess.run(command(application, folder), stdout=subprocess.DEVNULL, check=True)
    return moments


@app.default
def main(
    *,
    application: Application = "seq2seq",
    runs: int = 20,
    seed: int = 1,
    folder: Path = Path("runs/killed"),
    output: Path = Path("killed_runs.json"),
) -> None:
    """Train once, then kill."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_texts(folder / "texts.tsv")
    start = time.monotonic()
    subprocess.run(command(application, folder / "alone"), stdout=subprocess.DEVNULL, check=True)
    seconds = time.monotonic() - start
    wanted, draw, results = digests(application, folder / "alone"), random.Random(seed), []
    table = Table("run", "killed after, seconds", "same bits")
    for number in range(1, runs + 1):
        place = folder / str(number)
        while not (moments := killed(application, place, seconds, draw)):
            shutil.rmtree(place)  # it was done before it could be killed
        same = digests(application, place) == wanted
        results.append({"killed": moments, "same": same})
        output.write_text(json.dumps({"seconds": seconds, "runs": results}, indent=2) + "\n")
        table.add_row(str(number), ", ".join(f"{moment:.1f}" for moment in moments), "yes" if same else "NO")
        shutil.rmtree(place)
    Console().print(table)
    count = sum(result["same"] for result in results)
    print(f"{count} of {runs} killed runs ended in the same bits; one left alone takes {seconds:.0f} s")


if __name__ == "__main__":
    app()
