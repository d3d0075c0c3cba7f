"""Whether the processors are free for training, or busy with other work."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import torch

WINDOW = 10.0
"""Seconds over which speeds and waiting are measured."""

NOTABLE = 0.2
"""Share of time spent waiting for a processor that is worth a line."""

_SHORTEST = 1.0
"""Seconds below which a share says nothing."""

_OWN = 0.85
"""Share of all processor time from which on the threads of this process wait for each other."""

TASKS = Path("/proc/self/task")
"""Where Linux counts what each thread of this process did."""


_SPINNING = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}
"""Environment variables that say how long OpenMP's threads spin."""


class Usage(NamedTuple):
    """Seconds that all threads of this process have spent on and waiting for processors."""

    running: float
    waiting: float  # ready to run while no processor was free


ReadUsage = Callable[[], Usage | None]


def read_usage() -> Usage | None:
    """Return the usage up to now, or None where the system does not count it; Linux does."""
    waits = list(_waits())
    return Usage(time.process_time(), sum(waits) / 1e9) if waits else None


def _waits() -> Iterator[int]:
    """Yield the nanoseconds that each thread has waited: the second number of its schedstat."""
    for path in TASKS.glob("*/schedstat"):
        with suppress(OSError):  # the thread has ended
            yield int(path.read_text().split()[1])


class Processors:
    """Measures how much of its time a run waits for a processor; says once that it does.

    A run that waits although its own threads fill all processors competes with nobody, and counts as not
    waiting.
    """

    def __init__(self, clock: Callable[[], float], usage: ReadUsage = read_usage) -> None:
        self._clock, self._usage = clock, usage
        self._start = self._lap = self._window = self._now()
        self._recent, self._said = 0.0, False

    def note(self) -> str | None:
        """Return the line about other work, once, as soon as the recent share of waiting is notable."""
        share = self.recent()
        if self._said or share < NOTABLE:
            return None
        self._said = True
        return (
            f"the {_available()} processors are busy with other work: training waits for one {share:.0%} of "
            f"its time{_advice()}"
        )

    def recent(self) -> float:
        """Return the share of time spent waiting over the last whole window of `WINDOW` seconds, 0 to 1."""
        if self._clock() - self._window[0] >= WINDOW:
            before, self._window = self._window, self._now()
            self._recent = _share(before, self._window)
        return self._recent

    def lap(self) -> float:
        """Return the share of time spent waiting since the last lap, 0 to 1."""
        before, self._lap = self._lap, self._now()
        return _share(before, self._lap)

    def whole(self) -> float:
        """Return the share of time spent waiting since the start, 0 to 1."""
        return _share(self._start, self._now())

    def _now(self) -> tuple[float, Usage | None]:
        return self._clock(), self._usage()


def _share(before: tuple[float, Usage | None], after: tuple[float, Usage | None]) -> float:
    """Return waiting / (running + waiting) between two moments; 0 where it is unknown."""
    (start, first), (end, last) = before, after
    if first is None or last is None:
        return 0.0
    running, waiting = last.running - first.running, last.waiting - first.waiting
    if waiting <= 0 or end - start < _SHORTEST or running >= _OWN * _available() * (end - start):
        return 0.0
    return min(waiting / (running + waiting), 0.99)


def _advice() -> str:
    """Return how threads that wait for each other are kept from spinning, where they do."""
    if torch.get_num_threads() == 1 or not _SPINNING.isdisjoint(os.environ):
        return ""
    return "; OMP_WAIT_POLICY=passive in the environment lets its threads give way"


def _available() -> int:
    """Return how many processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
