"""The memory that `throughtime seq2seq train` estimates beforehand, against what its process takes.

Each network is trained for a part of an epoch of Multi30k and validated, by the command that a user types,
in a process of its own; printed are the estimate of its first lines and the peak of its resident memory.
Multi30k is looked for in the folder that THROUGHTIME_DATA names, or in ../shared/data.

    python benchmarks/memory_estimate.py    writes memory_estimate.json
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from cyclopts import App
from data import multi30k
from process import estimate_in, throughtime
from rich.console import Console
from rich.table import Table

RUNS = (
    "",
    "--output full",
    "--attention general",
    "--coverage",
    "--tokens-per-batch 6000",
    "--precision bf16-mixed",
    "--embedding-size 768 --encoder-size 768 --decoder-size 1024",
    "--attention none --no-bidirectional --encoder-size 512",
)

app = App(help=__doc__, help_format="plaintext")


def run(options: str, epochs: float, folder: Path) -> tuple[float, float]:
    """Estimate and peak of one training, in GiB."""
    command = ["seq2seq", "train", "--folder", str(folder), "--overwrite", "--max-epochs", str(epochs)]
    command += ["--corpus", *multi30k("train"), "--validation", *multi30k("val"), *options.split()]
    printed, peak = throughtime(command)
    return estimate_in(printed), peak / 2**30


@app.default
def main(*, epochs: float = 0.15, report: Path = Path("memory_estimate.json")) -> None:
    """Train each and print the table."""
    table = Table("", "estimate, GiB", "peak, GiB")
    figures: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as place:
        for options in RUNS:
            figures[options] = run(options, epochs, Path(place))
            table.add_row(options or "the defaults", *(f"{size:.2f}" for size in figures[options]))
    Console().print(table)
    report.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    app()
