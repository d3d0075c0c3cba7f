"""Sequence labelling against the best that is possible, and on the weather of Beijing.

Two tasks are made up, so that the best error is known: that of the rule that made the targets, on the steps
of the test.

    exclusive or   y(t) = x(t-2) xor x(t-5) of random bits; one label in ten is flipped
    leaky sum      y(t) = s(t) + noise of variance 0.25,  s(t) = 0.8 s(t-1) + x(t),  x(t) normal

The third is the season of each hour in Beijing by the air and the weather of the hours up to it, without its
date: learned from 2010 to 2012, validated on 2013, tested on 2014. Rows that are done are not done again.

    python benchmarks/labelling.py    writes labelling.json, each row as it ends
"""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from cyclopts import App, Parameter
from data import DATA
from rich.console import Console

import throughtime
from throughtime.console import figures

CLAIM = 1.05
"""Times the best error that a model may make."""

FLIPPED, DEVIATION = 0.1, 0.5
PARTS = {"corpus": 200_000, "validation": 20_000, "test": 100_000}
SEASONS = ("winter", "spring", "summer", "autumn")
YEARS = {"corpus": ("2010", "2011", "2012"), "validation": ("2013",), "test": ("2014",)}
INPUTS = ("hour", "pm2.5", "DEWP", "TEMP", "PRES", "cbwd", "Iws", "Is", "Ir")

app = App(help=__doc__, help_format="plaintext", default_parameter=Parameter(consume_multiple=True))


class Made(NamedTuple):
    """Inputs and targets, and the error of the rule that made the targets, a share or a mean square."""

    inputs: np.ndarray
    targets: np.ndarray
    best: float


def exclusive_or(count: int, draw: np.random.Generator) -> Made:
    """Bits, and the exclusive or of two earlier ones."""
    bits = draw.integers(0, 2, count)
    padded = np.concatenate([np.zeros(5, np.int64), bits])
    flips = draw.random(count) < FLIPPED
    return Made(bits, padded[3:-2] ^ padded[:-5] ^ flips, float(flips.mean()))


def leaky_sum(count: int, draw: np.random.Generator) -> Made:
    """Numbers, and a sum of them that forgets, with noise."""
    numbers, noise = draw.normal(size=count), draw.normal(scale=DEVIATION, size=count)
    sums = np.zeros(count + 1)
    for step in range(count):
        sums[step + 1] = 0.8 * sums[step] + numbers[step]
    return Made(numbers.round(4), (sums[1:] + noise).round(4), float(np.square(noise).mean()))


def trained(folder: Path, paths: dict[str, str], settings: dict[str, Any]) -> dict[str, dict[str, float]]:
    """The scores of a model and of its floors."""
    files = {part: (path,) for part, path in paths.items()}
    result = throughtime.train("label", folder=folder, overwrite=True, console=Console(), **files, **settings)
    return result.report["test"]["scores"]


def made_up(make: Callable[[int, np.random.Generator], Made], folder: Path) -> dict[str, Any]:
    """The errors of a model and of its floors on a task that is made up, and the best error."""
    folder.mkdir(parents=True, exist_ok=True)
    draw, paths, best = np.random.default_rng(1), dict[str, str](), 0.0
    for part, count in PARTS.items():
        inputs, targets, best = make(count, draw)
        paths[part] = str(folder / f"{part}.csv")
        rows = "".join(f"{x},{y}\n" for x, y in zip(inputs, targets, strict=True))
        Path(paths[part]).write_text(f"x,y\n{rows}")
    settings = {"dropout": 0.0, "learning_rate": 0.005, "max_epochs": 5.0}
    scores = trained(folder / "run", paths, settings)
    return {"best": best, "errors": {name: error(score) for name, score in scores.items()}}


def season(weather: Path, folder: Path) -> dict[str, Any]:
    """The errors of a model and of its floors on the weather of Beijing."""
    folder.mkdir(parents=True, exist_ok=True)
    with weather.open() as file:
        hours = list(csv.DictReader(file))
    paths = {part: str(folder / f"{part}.csv") for part in YEARS}
    for part, years in YEARS.items():
        with Path(paths[part]).open("w", newline="") as file:
            rows = csv.DictWriter(file, (*INPUTS, "label"), extrasaction="ignore")
            rows.writeheader()
            chosen = (hour for hour in hours if hour["year"] in years)
            rows.writerows({**hour, "label": SEASONS[int(hour["month"]) % 12 // 3]} for hour in chosen)
    settings = {"hidden_size": 32, "dropout": 0.3, "rows": 8, "steps": 336, "learning_rate": 0.005}
    settings |= {"max_epochs": 40.0, "patience": 10}
    return {"errors": {name: error(each) for name, each in trained(folder / "run", paths, settings).items()}}


def error(score: dict[str, float]) -> float:
    """The share of wrong labels, or the mean squared error."""
    return 1 - score["accuracy"] / 100 if "accuracy" in score else score["rmse"] ** 2


@app.default
def main(
    *,
    weather: Path = DATA / "weather" / "pollution.csv",
    only: tuple[str, ...] = (),
    folder: Path = Path("runs/labelling"),
    output: Path = Path("labelling.json"),
) -> int:
    """Run the tasks, or those named by `only`, and print a table; 1 if a claim does not hold."""
    tasks: dict[str, Callable[[Path], dict[str, Any]]] = {
        "exclusive-or": lambda place: made_up(exclusive_or, place),
        "leaky-sum": lambda place: made_up(leaky_sum, place),
        "season": lambda place: season(weather, place),
    }
    found: dict[str, Any] = json.loads(output.read_text()) if output.exists() else {}
    for name, run in tasks.items():
        if name not in found and (not only or name in only):
            start = time.monotonic()
            found[name] = {**run(folder / name), "seconds": time.monotonic() - start}
            output.write_text(json.dumps(found, indent=2) + "\n")
    for name, row in found.items():
        best, errors = row.get("best"), row["errors"]
        cells = {"best possible": (f"{best:.4f}", "1.000")} if best else {}
        cells |= {way: (f"{each:.4f}", f"{each / best:.3f}" if best else "") for way, each in errors.items()}
        Console().print(figures(f"{name}, {row['seconds']:.0f} seconds", ("error", "of the best"), cells))
    return int(any(row["errors"]["model"] > CLAIM * row["best"] for row in found.values() if "best" in row))


if __name__ == "__main__":
    sys.exit(app())
