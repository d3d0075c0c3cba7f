"""How much of a run is done, how much is left, and when it ends."""

from __future__ import annotations

import math
from typing import Literal

from throughtime.training.config import TrainingConfig
from throughtime.training.progress import in_words
from throughtime.training.state import RunState

Ending = Literal["epochs", "minutes", "patience", "interrupt"]

_ROUNDING = 1e-9  # epochs are quotients


def progress(config: TrainingConfig, state: RunState) -> float:
    """Return the part of the budget used up: max(epochs / max_epochs, minutes / max_minutes), at most 1."""
    parts = [state.epochs / config.max_epochs]
    if config.max_minutes:
        parts.append(state.minutes / config.max_minutes)
    return min(1.0, max(parts))


def ending(config: TrainingConfig, state: RunState) -> Ending | None:
    """Return why the run has to end now, if it has to."""
    if state.epochs >= config.max_epochs - _ROUNDING:
        return "epochs"
    if config.max_minutes and state.minutes >= config.max_minutes:
        return "minutes"
    if config.patience and state.stale >= config.patience:
        return "patience"
    return None


def validation_due(config: TrainingConfig, before: float, state: RunState) -> bool:
    """Say whether a multiple of `validate_every` was passed; `before` are the epochs before the last step."""
    if config.validate_unit == "steps":
        return state.step % max(1, round(config.validate_every)) == 0
    return _whole(state.epochs, config.validate_every) > _whole(before, config.validate_every)


def _whole(epochs: float, every: float) -> int:
    return math.floor(epochs / every + _ROUNDING)


def time_left(config: TrainingConfig, state: RunState) -> str:
    """Return the time left at this pace; where patience may end the run sooner, "soonest to latest"."""
    if not state.epochs or not state.minutes:
        return ""
    left = state.minutes * (config.max_epochs / state.epochs - 1)
    if config.max_minutes:
        left = min(left, config.max_minutes - state.minutes)
    soonest = _until_patience_ends(config, state)
    if soonest is None or soonest >= left:
        return in_words(left)
    return f"{in_words(soonest)} to {in_words(left)}"


def _until_patience_ends(config: TrainingConfig, state: RunState) -> float | None:
    if not (config.patience and state.stale and state.validations):
        return None
    return (config.patience - state.stale) * state.minutes / state.validations
