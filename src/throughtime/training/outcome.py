"""What a run came to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from throughtime.training.budget import Ending
from throughtime.training.config import Better, TrainingConfig
from throughtime.training.processors import NOTABLE
from throughtime.training.state import RunState, is_better
from throughtime.training.task import Floor

_REASONS = {
    "epochs": "all epochs are done",
    "minutes": "the time was used up",
    "patience": "validations no longer improved",
    "interrupt": "it was interrupted",
}


@dataclass(frozen=True)
class Outcome:
    """How a run ended, and its best model."""

    model: Path  # the best model: best.safetensors, or last.safetensors where no validation was reached
    stopped: Ending
    step: int
    epochs: float
    minutes: float
    best_step: int
    best_metrics: dict[str, float]  # validation metrics of the best model; empty before the first validation
    averaged: bool  # whether the best model is the average of the last validated weights
    shortfall: str = ""  # why the model is not done, as part of a sentence; "" where it is
    larger_budget: str = ""  # where it is not, the option that gives the run more: "--max-minutes 35"

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C or SIGTERM ended the run."""
        return self.stopped == "interrupt"

    def sentence(self) -> str:
        """Return how the run ended, what speaks against its model, and how good that is."""
        epochs = f"{self.epochs:.1f}" if self.epochs >= 1 else f"{self.epochs:.2g}"
        ended = f"training ended after {epochs} epochs and {self.minutes:.1f} minutes"
        parts = [f"{ended} because {_REASONS[self.stopped]}", self.shortfall, self._best()]
        return "; ".join(part for part in parts if part)

    def _best(self) -> str:
        figures = ", ".join(f"{name} {value:.4g}" for name, value in self.best_metrics.items())
        made = "an average of the last weights" if self.averaged else f"step {self.best_step}"
        return f"best: {made} ({figures})" if figures else ""


FAR_BELOW = 1 / 3
"""Share of its fastest speed below which a run is called slow as a whole."""

MOSTLY = 0.5
"""Share of its time from which on a run that waits for processors is called slow."""

_EPOCHS = 10.0
"""Epochs that a larger budget of minutes is reckoned for, unless the run is to have fewer."""


def shortfall(
    config: TrainingConfig,
    state: RunState,
    stopped: Ending,
    floor: Floor | None,
    waiting: float,
    metrics: Mapping[str, Better],
) -> str:
    """Return what speaks against the model of a run that ended, or "" where nothing does.

    `waiting` is the share of its time that the run waited for a processor; `metrics` are the task's.
    """
    unseen, at_floor = list(_unseen(state, stopped)), list(_at_floor(config, state, floor, metrics))
    if reasons := [*unseen, *at_floor]:
        learned = "has not learned" if at_floor else "has not learned enough"
        return f"the model {learned}: {', and '.join([*reasons, *_slow(state, waiting)])}"
    if stopped == "minutes" and not state.stale and (reasons := list(_slow(state, waiting))):
        return f"the model was still improving: {reasons[0]}"
    return ""


def larger_budget(config: TrainingConfig, state: RunState, stopped: Ending) -> str:
    """Return the option of `resume` that gives a run enough to learn: "--max-minutes 35"."""
    if stopped == "minutes":
        epochs = min(config.max_epochs, _EPOCHS)
        needed = state.minutes / max(state.epochs, 1e-6) * epochs
        return f"--max-minutes {math.ceil(max(needed, 2 * config.max_minutes))}"
    if stopped == "patience":
        return f"--patience {2 * config.patience}"
    return f"--max-epochs {4 * config.max_epochs:g}"


def _unseen(state: RunState, stopped: Ending) -> Iterator[str]:
    if stopped == "minutes" and state.epochs < 1:
        yield f"it has seen {state.epochs:.2g} of one epoch"


def _at_floor(
    config: TrainingConfig, state: RunState, floor: Floor | None, metrics: Mapping[str, Better]
) -> Iterator[str]:
    if floor is None or not state.best_metrics:
        return
    name = config.best_by if config.best_by in floor.metrics else "loss"
    if name in metrics and name in floor.metrics and name in state.best_metrics:
        reached, least = state.best_metrics[name], floor.metrics[name]
        if not is_better(metrics[name], reached, least):
            yield f"{name} {reached:.4g} is no better than the {least:.4g} of {floor.method}"


def _slow(state: RunState, waiting: float) -> Iterator[str]:
    mean, pace = state.pace.mean, state.pace
    if mean < FAR_BELOW * pace.fastest:
        yield f"it trained at {mean:,.0f} {pace.unit}/s, far below the {pace.fastest:,.0f} it reached"
    elif waiting >= (NOTABLE if state.epochs < 1 else MOSTLY):
        yield f"no processor was free {waiting:.0%} of the time"
