"""A case of the benchmark of recurrent layers: the points of its grid, and jobs that take turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn.utils.rnn import pack_padded_sequence

BATCHES = (1, 16, 32, 64, 128)
STEPS = {64: 100, 128: 60, 256: 40, 512: 30, 1024: 20}
"""Hidden sizes, which are input sizes too, and the steps of a sequence at each."""

Work = Callable[[], Any]


@dataclass(frozen=True)
class Point:
    """One point of the grid."""

    batch: int
    hidden: int
    steps: int

    def input(self, dtype: torch.dtype = torch.float32, ragged: bool = False) -> Any:
        """Random input, with lengths from a third of the steps to all where it is ragged."""
        x = torch.randn(self.steps, self.batch, self.hidden, dtype=dtype)
        if not ragged:
            return x
        lengths = torch.linspace(self.steps, self.steps / 3, self.batch).long()
        return pack_padded_sequence(x, lengths[torch.randperm(self.batch)], enforce_sorted=False)


@dataclass(frozen=True)
class Time:
    """Seconds that a job takes: its first call, and the median of the later ones."""

    first: float
    median: float


Times = Mapping[str, Time]
"""The times of a point's jobs, by name."""


@dataclass(frozen=True)
class Figures:
    """What the times of a point come to.

    ratios: by the name of the peer; a case has goals for these and prints their means.
    others: numbers beside them, by name and unit.
    """

    ratios: Mapping[str, float]
    others: Mapping[str, float] = field(default_factory=dict)


def against_ours(point: Point, times: Times) -> Figures:
    """Each peer's time by ours."""
    ours = times["ours"].median
    return Figures({name: one.median / ours for name, one in times.items() if name != "ours"})


@dataclass(frozen=True)
class Case:
    """Ours against peers: `make` gives the jobs of a point by name, ours first.

    name: `group/name` where several cases belong together.
    """

    name: str
    make: Callable[[Point], dict[str, Work]]
    goals: Mapping[str, float] = field(default_factory=dict)
    """The least geometric mean that is aimed at, by peer."""
    batches: Sequence[int] = BATCHES
    hidden: Sequence[int] = tuple(STEPS)
    floor: float | None = None
    """The least ratio at any point."""
    steps: int | None = None
    """The steps of every sequence, where they are not those of `STEPS`."""
    figures: Callable[[Point, Times], Figures] = against_ours

    def points(self, batches: Sequence[int], hidden: Sequence[int]) -> list[Point]:
        """Its points, of these batch and hidden sizes alone."""
        return [
            Point(batch, size, self.steps or STEPS[size])
            for size in self.hidden
            for batch in self.batches
            if size in hidden and batch in batches
        ]


def measure(jobs: Mapping[str, Work], seconds: float) -> dict[str, Time]:
    """The time of each job; they take turns, at least five each, for about so many seconds."""
    first = {name: timed(job) for name, job in jobs.items()}
    times: dict[str, list[float]] = {name: [] for name in jobs}
    began = time.perf_counter()
    rounds = 0
    while rounds < 5 or time.perf_counter() - began < seconds:
        for name, job in jobs.items():
            times[name].append(timed(job))
        rounds += 1
    return {name: Time(first[name], statistics.median(values)) for name, values in times.items()}


def timed(job: Work) -> float:
    """The seconds that a call takes."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start
