"""Training steps beside other processes that never pause, against torch's layers in the same place.

For LSTM and GRU at each point of batch, hidden size and steps, alone and beside 1, 2 and 4 busy processes:
the median time of a training step (forward, and backward with all gradients), ours and torch's by turns. With
p busy processes on two processors a fair share makes a step (p + 2) / 2 times as long; a third more is
allowed, and no step may take longer than torch's. Exits with 1 where one does.

    python benchmarks/busy.py
    python benchmarks/busy.py --busy 0 2 --seconds 10 --inference
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from cyclopts import App
from recurrent_jobs import inference, training
from recurrent_measure import Point, Work, measure
from torch import nn

import throughtime

app = App(help=__doc__, help_format="plaintext")

POINTS = (Point(16, 64, 100), Point(64, 256, 50), Point(1, 256, 50))
ALLOWED = 1.3
"""Of a fair share of the processors."""
LINE = (
    "{busy:>4} {layer:>6} {point:>14} {ours:>9.2f} {torch:>9.2f}"
    " {ratio:>11.2f} {slower:>7.2f} {allowed:>8.2f}"
)


@contextmanager
def busy(processes: int) -> Generator[None]:
    """Other processes that want a processor each, all the time."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    time.sleep(0.5)
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def jobs(kind: str, point: Point, job) -> dict[str, Work]:
    """A step of ours and of torch's, with the same weights."""
    theirs = getattr(nn, kind)(point.hidden, point.hidden)
    ours = getattr(throughtime, kind)(point.hidden, point.hidden)
    ours.load_state_dict(theirs.state_dict())
    x = point.input()
    return {"ours": job(ours, x), "torch": job(theirs, x)}


@app.default
def main(
    *, busy_processes: Sequence[int] = (0, 1, 2, 4), seconds: float = 8.0, inference_only: bool = False
) -> None:
    """Measure, print a row for each point, and write busy.json.

    Parameters
    ----------
    busy_processes
        numbers of busy processes; 0 comes first, since the others are compared with it.
    seconds
        for each point, ours and torch's together.
    inference_only
        time inference in place of training.
    """
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}")
    print("busy  layer          point   ours ms  torch ms  torch/ours  slower  allowed")
    alone: dict[str, float] = {}
    rows: list[dict[str, Any]] = []
    for processes in sorted({0, *busy_processes}):
        with busy(processes):
            for kind in ("LSTM", "GRU"):
                for point in POINTS:
                    work = jobs(kind, point, inference if inference_only else training)
                    times = measure(work, seconds)
                    row = judged(kind, point, processes, times["ours"].median, times["torch"].median, alone)
                    rows.append(row)
                    print(LINE.format(**row), "" if row["good"] else "missed", flush=True)
                    Path("busy.json").write_text(json.dumps(rows, indent=1))
    raise SystemExit(0 if all(row["good"] for row in rows) else 1)


def judged(
    kind: str, point: Point, processes: int, ours: float, theirs: float, alone: dict[str, float]
) -> dict[str, Any]:
    """A row of the table; `alone` has our times without busy processes."""
    name = f"{point.batch}x{point.hidden}x{point.steps}"
    slower = ours / alone.setdefault(f"{kind} {name}", ours)
    allowed = ALLOWED * (processes + 2) / 2 if processes else 1.0
    return {
        "busy": processes,
        "layer": kind,
        "point": name,
        "ours": ours * 1e3,
        "torch": theirs * 1e3,
        "ratio": theirs / ours,
        "slower": slower,
        "allowed": allowed,
        "good": theirs >= ours and slower <= allowed,
    }


if __name__ == "__main__":
    app()
