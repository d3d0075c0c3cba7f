"""Where a run stands: everything but tensors that it needs to go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from lightning_fabric import Fabric

from throughtime.training.config import Better
from throughtime.training.processors import NOTABLE, WINDOW

SLOW = 0.5
"""Share of the fastest speed below which the progress line names the fastest too."""


@dataclass
class Pace:
    """Units a second over windows of `WINDOW` seconds, validations left out; `unit` is the task's."""

    unit: str = "units"
    all_units: int = 0
    all_seconds: float = 0.0
    units: int = 0  # of the running window
    seconds: float = 0.0
    fastest: float = 0.0
    latest: float = 0.0

    def add(self, units: int, seconds: float) -> None:
        """Count one step."""
        self.all_units, self.all_seconds = self.all_units + units, self.all_seconds + seconds
        self.units, self.seconds = self.units + units, self.seconds + seconds
        if self.seconds >= WINDOW:
            self.latest = self.units / self.seconds
            self.fastest = max(self.fastest, self.latest)
            self.units, self.seconds = 0, 0.0

    @property
    def mean(self) -> float:
        """Units a second over the whole run; 0 before the first step."""
        return self.all_units / self.all_seconds if self.all_seconds else 0.0

    def text(self, per_second: float, waiting: float = 0.0) -> str:
        """Return a speed as text, with the fastest where it is far below, and the share of time waiting.

        "30,120 words/s", "9,012 words/s (at best 30,120; no processor was free 55% of the time)".
        """
        notes: list[str] = []
        if per_second < SLOW * self.fastest:
            notes.append(f"at best {self.fastest:,.0f}")
        if waiting >= NOTABLE:
            notes.append(f"no processor was free {waiting:.0%} of the time")
        return f"{per_second:,.0f} {self.unit}/s" + (f" ({'; '.join(notes)})" if notes else "")


@dataclass
class Totals:
    """Sums over a stretch of training."""

    total: float = 0.0
    count: int = 0
    units: int = 0
    seconds: float = 0.0

    def add(self, total: float, count: int, units: int, seconds: float) -> None:
        """Add one step."""
        self.total += total
        self.count += count
        self.units += units
        self.seconds += seconds

    @property
    def loss(self) -> float:
        """Mean loss; 0 before the first step."""
        return self.total / self.count if self.count else 0.0

    @property
    def units_per_second(self) -> float:
        """Speed of training, validations left out; 0 before the first step."""
        return self.units / self.seconds if self.seconds else 0.0


@dataclass
class Seen:
    """What `watch.Watch` saw of a run."""

    norms: list[float] = field(default_factory=list[float])  # of gradients since the last validation
    first_norm: float | None = None  # the median until the first validation
    losses: list[float] = field(default_factory=list[float])  # of training, one a validation
    told: list[str] = field(default_factory=list[str])  # the signs that were told of


@dataclass
class RunState:
    """Counters of a run. Steps and validations are counted from its very start, over all resumptions."""

    step: int = 0  # optimiser steps taken
    epoch: int = 0  # whole epochs done
    batch: int = 0  # batches done of the running epoch, by all processes
    epoch_batches: int = 1  # batches of the running epoch
    processes: int = 1
    minutes: float = 0.0
    saved_minutes: float = 0.0  # when the last checkpoint was written
    validations: int = 0
    validated_step: int = -1
    averaged_step: int = -1
    best: float | None = None  # the metric `best_by` at its best
    best_step: int = 0
    best_metrics: dict[str, float] = field(default_factory=dict[str, float])
    best_is_average: bool = False
    stale: int = 0  # validations since the best
    plateau_stale: int = 0  # validations since the best or the last reduction
    reductions: int = 0  # of the learning rate by a plateau
    snapshots: list[int] = field(default_factory=list[int])  # steps whose weights are kept for averaging
    models: list[int] = field(default_factory=list[int])  # steps whose model files are kept
    since_validation: Totals = field(default_factory=Totals)
    since_log: Totals = field(default_factory=Totals)
    pace: Pace = field(default_factory=Pace)
    seen: Seen = field(default_factory=Seen)
    finished: bool = False  # all is done, the average of the last weights too
    log_bytes: int = 0  # length of metrics.jsonl

    @property
    def epochs(self) -> float:
        """Epochs done, the running one in parts."""
        return self.epoch + self.batch / self.epoch_batches

    def advance(self, batches: int) -> None:
        """Count one step over some batches."""
        self.step += 1
        self.batch += batches
        if self.batch >= self.epoch_batches:
            self.epoch, self.batch = self.epoch + 1, 0

    def as_json(self) -> dict[str, Any]:
        """Return the state in numbers, strings, lists and dictionaries."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> RunState:
        """Return the state that `as_json` gave."""
        totals = {name: Totals(**values[name]) for name in ("since_validation", "since_log")}
        parts = {"pace": Pace(**values["pace"]), "seen": Seen(**values["seen"])}
        fields: dict[str, Any] = {**values, **totals, **parts}
        return cls(**fields)


def is_better(better: Better, new: float, old: float | None) -> bool:
    """Say whether a metric improved, of which lower ("min") or higher values ("max") are better."""
    if old is None:
        return True
    return new < old if better == "min" else new > old


class Stopwatch:
    """Keeps `state.minutes`, the same on all processes so that they end at the same step."""

    def __init__(self, state: RunState, clock: Callable[[], float], fabric: Fabric) -> None:
        self._state, self._clock, self._fabric = state, clock, fabric
        self._lap = clock()
        self._zero = self._lap - 60 * state.minutes

    def lap(self) -> float:
        """Bring the minutes up to date; return the seconds since the last lap."""
        now = self._clock()
        seconds, self._lap = now - self._lap, now
        self._state.minutes = self._fabric.broadcast((now - self._zero) / 60)
        return seconds
