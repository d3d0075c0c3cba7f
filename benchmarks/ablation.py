"""What each part of the translator is worth on Multi30k, English to French.

The same training, by `throughtime seq2seq train`, with one thing changed each time, for as many epochs and
with several seeds. Runs that are done are not done again, so that it can be stopped and go on. Told are means
over the seeds, by how much they differ from the plain training's, and target words a second. Multi30k is
looked for in the folder that THROUGHTIME_DATA names, or in ../shared/data.

    python benchmarks/ablation.py --epochs 8 --seeds 3    writes ablation.json
"""

from __future__ import annotations

import json
import shlex
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cyclopts import App
from data import multi30k
from rich.console import Console
from rich.table import Table

PARTS = {"corpus": "train", "validation": "val", "test": "test_2016_flickr"}
PACE = "--learning-rate 0.0015 --warmup-steps 200 --schedule linear --dropout 0.4"
PLAIN_FORM = "--attention none --no-bidirectional --encoder-size 512 --reverse-source"
VARIANTS = {
    "plain training": "",
    "no attention, source reversed": PLAIN_FORM,
    "attention general": "--attention general",
    "attention dot": "--attention dot",
    "input feeding": "--input-feeding",
    "coverage": "--coverage",
    "copying": "--copying",
    "layer norm": "--cell layer_norm_lstm",
    "variational dropout 0.1": "--recurrent-dropout 0.1",
    "word dropout 0.1": "--word-dropout 0.1",
    "subword dropout 0.1": "--subword-dropout 0.1",
    "consistency 1": "--consistency 1",
    "no label smoothing": "--label-smoothing 0",
    "average of the last 5": "--average-last 5",
}
BLEU = "bleu_tokenised", "bleu"
"""Lower-cased and tokenised; cased and detokenised."""

app = App(help=__doc__, help_format="plaintext")


def run(folder: Path, options: str, epochs: float, seed: int) -> dict[str, Any]:
    """The report of a training, done now if it is not there yet."""
    if not (folder / "report.json").exists():
        command = [sys.executable, "-m", "throughtime", "seq2seq", "train", "--folder", str(folder)]
        command += ["--overwrite", "--best-by", "bleu", "--max-epochs", str(epochs), "--seed", str(seed)]
        for option, part in PARTS.items():
            command += [f"--{option}", *multi30k(part)]
        subprocess.run([*command, *shlex.split(f"{PACE} {options}")], check=True)
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    events = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    report["speed"] = statistics.median(one["words_per_second"] for one in events if one["event"] == "train")
    if report["settings"]["training"]["max_epochs"] != epochs:
        raise SystemExit(f"{folder} was trained for other epochs; --folder takes another place")
    return report


def row(name: str, reports: Sequence[dict[str, Any]], plain: Sequence[dict[str, Any]]) -> list[str]:
    """Means over the seeds; of the first score the spread, and the difference from the plain training too."""
    scores = {key: [one["test"][key]["value"] for one in reports] for key in BLEU}
    first = scores[BLEU[0]]
    gain = statistics.mean(first) - statistics.mean(one["test"][BLEU[0]]["value"] for one in plain)
    spread = f" ± {statistics.stdev(first):.2f}" if len(first) > 1 else ""
    validated = statistics.mean(one["training"]["best_metrics"]["bleu"] for one in reports)
    speed = statistics.mean(one["speed"] for one in reports)
    return [
        name,
        f"{speed:,.0f}",
        f"{validated:.2f}",
        f"{statistics.mean(first):.2f}{spread}",
        f"{statistics.mean(scores[BLEU[1]]):.2f}",
        f"{gain:+.2f}" if reports is not plain else "",
    ]


@app.default
def main(
    *,
    epochs: float = 8,
    seeds: int = 3,
    only: tuple[str, ...] = (),
    folder: Path = Path("runs/ablation"),
    output: Path = Path("ablation.json"),
) -> None:
    """Trains all variants, or the plain one and those named by `only`, and prints the table."""
    if unknown := set(only) - set(VARIANTS):
        raise SystemExit(
            f"there is no variant {', '.join(sorted(unknown))}; expected some of {', '.join(VARIANTS)}"
        )
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in VARIANTS if not only or name in only}
    found = {"plain training": [], **found}
    for seed in range(1, seeds + 1):
        for name, reports in found.items():
            place = folder / f"{name.replace(' ', '-').replace(',', '')}-{seed}"
            reports.append(run(place, VARIANTS[name], epochs, seed))
    table = Table(title=f"{epochs:g} epochs each, {seeds} seeds, beam 5", title_justify="left")
    for heading in (
        "",
        "target words/s",
        "validation BLEU, greedy",
        "test, lower-cased",
        "test, cased",
        "gain",
    ):
        table.add_column(heading, justify="right" if heading else "left")
    for name, reports in found.items():
        table.add_row(*row(name, reports, found["plain training"]))
    Console().print(table)
    output.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    app()
