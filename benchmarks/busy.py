"""Training steps beside other processes that never pause, against torch's layers in the same place.

For LSTM and GRU at each point of batch, hidden size and steps, beside 1, 2 and 4 busy processes: the median
time of a training step (forward, and backward with all gradients), ours and torch's by turns of half a second
each, since threads of one go on spinning into the first calls of the other. The busy processes pause for
every other turn of each, which is the time alone. With p busy processes on two processors a fair share makes
a step (p + 2) / 2 times as long; a third more is allowed, and no step may take longer than torch's. Exits
with 1 where one does.

    python benchmarks/busy.py
    python benchmarks/busy.py --busy-processes 2 --seconds 60
"""

from __future__ import annotations

import json
import signal
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import torch
from cyclopts import App
from recurrent_jobs import training
from recurrent_measure import Point, Work, timed
from torch import nn

import throughtime

app = App(help=__doc__, help_format="plaintext")

POINTS = (Point(16, 64, 100), Point(64, 256, 50), Point(1, 256, 50))
ALLOWED = 1.3
"""Of a fair share of the processors."""
TURN = 0.5
"""Seconds."""
LINE = (
    "{busy:>4} {layer:>6} {point:>14} {ours:>9.2f} {torch:>9.2f} {ratio:>11.2f}"
    " {slower:>7.2f} {allowed:>8.2f} {alone:>9.2f} {alone_ratio:>11.2f}"
)


class Busy:
    """Other processes that want a processor each, all the time, but for when they are paused."""

    def __init__(self, processes: int) -> None:
        command = [sys.executable, "-c", "while True: pass"]
        self._others = [subprocess.Popen(command) for _ in range(processes)]

    def signal(self, number: signal.Signals) -> None:
        """Send all of them a signal, and give it time to take effect."""
        for other in self._others:
            other.send_signal(number)
        time.sleep(0.05)

    def __enter__(self) -> Busy:
        return self

    def __exit__(self, *_: object) -> None:
        for other in self._others:
            other.kill()
            other.wait()


def jobs(kind: str, point: Point) -> dict[str, Work]:
    """A step of ours and of torch's, with the same weights."""
    theirs = getattr(nn, kind)(point.hidden, point.hidden)
    ours = getattr(throughtime, kind)(point.hidden, point.hidden)
    ours.load_state_dict(theirs.state_dict())
    x = point.input()
    return {"ours": training(ours, x), "torch": training(theirs, x)}


def turn(job: Work) -> list[float]:
    """The times of a job's calls for half a second, the first left out."""
    began, times = time.perf_counter(), [timed(job)]
    while len(times) < 3 or time.perf_counter() - began < TURN:
        times.append(timed(job))
    return times[1:]


def medians(work: dict[str, Work], processes: int, seconds: float) -> dict[tuple[str, str], float]:
    """The median time of each job `alone` and `busy`."""
    times: dict[tuple[str, str], list[float]] = defaultdict(list)
    with Busy(processes) as others:
        for _ in range(max(2, round(seconds / TURN / 2 / len(work)))):
            for when, number in (("alone", signal.SIGSTOP), ("busy", signal.SIGCONT)):
                others.signal(number)
                for name, job in work.items():
                    times[when, name] += turn(job)
    return {key: statistics.median(values) for key, values in times.items()}


@app.default
def main(*, busy_processes: Sequence[int] = (1, 2, 4), seconds: float = 16.0) -> None:
    """Measure, print a row for each point, and write busy.json.

    Parameters
    ----------
    busy_processes
        numbers of busy processes.
    seconds
        for each row, all turns together.
    """
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}; milliseconds")
    print("busy  layer          point      ours     torch  torch/ours  slower  allowed     alone  torch/ours")
    rows: list[dict[str, Any]] = []
    for kind, point, processes in product(("LSTM", "GRU"), POINTS, busy_processes):
        rows.append(row(kind, point, processes, medians(jobs(kind, point), processes, seconds)))
        print(LINE.format(**rows[-1]), "" if rows[-1]["good"] else "missed", flush=True)
        Path("busy.json").write_text(json.dumps(rows, indent=1))
    raise SystemExit(0 if all(row["good"] for row in rows) else 1)


def row(kind: str, point: Point, processes: int, times: dict[tuple[str, str], float]) -> dict[str, Any]:
    """A row of the table."""
    allowed = ALLOWED * (processes + 2) / 2
    ours, theirs = times["busy", "ours"], times["busy", "torch"]
    slower = ours / times["alone", "ours"]
    return {
        "busy": processes,
        "layer": kind,
        "point": f"{point.batch}x{point.hidden}x{point.steps}",
        "ours": ours * 1e3,
        "torch": theirs * 1e3,
        "ratio": theirs / ours,
        "slower": slower,
        "allowed": allowed,
        "alone": times["alone", "ours"] * 1e3,
        "alone_ratio": times["alone", "torch"] / times["alone", "ours"],
        "good": theirs >= ours and slower <= allowed,
    }


if __name__ == "__main__":
    app()
