"""The 20 tasks of bAbI by the models of `throughtime seq2seq`, beside the LSTM published with them.

Each task (Weston et al. 2015) has 1,000 questions to learn from; a model is trained on each alone. What
is told is the story so far and the question after it; what is to be written is the answer, words of a
list with spaces between them. A tenth of the stories is held out for validation, by which the weights
are chosen; the test is looked at once. Tasks that are done are not done again. bAbI is looked for in the
folder that THROUGHTIME_DATA names, or in ../shared/data.

    python benchmarks/babi.py    writes babi.json
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cyclopts import App
from data import babi
from rich.console import Console
from rich.table import Table

PUBLISHED = (50, 20, 20, 61, 70, 48, 49, 45, 64, 44, 72, 74, 94, 27, 21, 23, 51, 52, 8, 91)
"""Per cent right of the LSTM, 1,000 questions: Weston et al. 2015, table 3."""

SETTINGS = (
    *("--tokenizer", "words", "--max-words", "1000", "--max-ratio", "10000", "--no-drop-duplicates"),
    *("--embedding-size", "64", "--encoder-size", "64", "--decoder-size", "128", "--dropout", "0.3"),
    *("--learning-rate", "0.003", "--schedule", "linear", "--label-smoothing", "0"),
    *("--tokens-per-batch", "2000", "--max-epochs", "40", "--validate-every", "2", "--best-by", "accuracy"),
)

app = App(help=__doc__, help_format="plaintext")

Story = list[tuple[str, str]]
"""Questions, each with the story before it, and their answers."""


def stories(path: Path) -> Iterator[Story]:
    """The stories of a file; a line's number begins anew with each."""
    lines: list[str] = []
    found: Story = []
    for line in path.read_text().splitlines():
        number, text = line.split(" ", 1)
        if number == "1" and lines:
            yield found
            lines, found = [], []
        if "\t" in text:
            question, answer, *_ = text.split("\t")
            found.append((" ".join([*lines, question.strip()]), answer.replace(",", " ")))
        else:
            lines.append(text)
    yield found


def write(path: Path, chosen: list[Story]) -> str:
    """Pairs as a .tsv."""
    path.write_text("".join(f"{told}\t{answer}\n" for story in chosen for told, answer in story))
    return str(path)


def task(number: int, source: Path, folder: Path, seed: int) -> dict[str, float | str]:
    """Train and test on one task."""
    (train,) = source.glob(f"qa{number}_*_train.txt")
    (test,) = source.glob(f"qa{number}_*_test.txt")
    place, run = folder / f"qa{number}", folder / f"qa{number}" / "run"
    if not (run / "report.json").exists():
        place.mkdir(parents=True, exist_ok=True)
        every = list(stories(train))
        random.Random(seed).shuffle(every)
        held_out = len(every) // 10
        command = [sys.executable, "-m", "throughtime", "seq2seq", "train"]
        command += ["--folder", str(run), "--overwrite"]
        command += ["--corpus", write(place / "train.tsv", every[held_out:])]
        command += ["--validation", write(place / "validation.tsv", every[:held_out])]
        command += ["--test", write(place / "test.tsv", list(stories(test)))]
        subprocess.run([*command, *SETTINGS, "--seed", str(seed)], check=True)
    report = json.loads((run / "report.json").read_text())
    return {
        "name": train.stem.removesuffix("_train").split("_", 1)[1],
        "validation": report["training"]["best_metrics"]["accuracy"],
        "test": report["test"]["exact"]["value"],
        "minutes": report["training"]["minutes"],
    }


@app.default
def main(
    *,
    only: tuple[int, ...] = tuple(range(1, 21)),
    seed: int = 1,
    folder: Path = Path("runs/babi"),
    output: Path = Path("babi.json"),
) -> None:
    """Train on all tasks, or those named by `only`, and print the table."""
    source = babi()
    table = Table(title="per cent right, 1,000 questions to learn from", title_justify="left")
    table.add_column("task", no_wrap=True)
    for heading in ("LSTM, 2015", "here", "validation", "minutes"):
        table.add_column(heading, justify="right")
    found = {number: task(number, source, folder, seed) for number in only}
    for number, one in found.items():
        values = f"{one['test']:.1f}", f"{one['validation']:.1f}", f"{one['minutes']:.1f}"
        table.add_row(f"{number} {one['name']}", str(PUBLISHED[number - 1]), *values)
    means = [
        sum(float(one[key]) for one in found.values()) / len(found)
        for key in ("test", "validation", "minutes")
    ]
    published = sum(PUBLISHED[number - 1] for number in found) / len(found)
    table.add_row("mean", f"{published:.0f}", *(f"{one:.1f}" for one in means))
    Console().print(table)
    output.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    app()
