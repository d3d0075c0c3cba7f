"""The learning rate as a function of where the run stands."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from throughtime.training.config import ScheduleName, TrainingConfig

_ROUNDING = 1e-9  # an epoch is a quotient: 5.3 - 5 must count as three tenths


class Moment(NamedTuple):
    """Where a run stands when it is about to take a step."""

    step: int  # the step to be taken, from 1
    epoch: float  # epochs done
    progress: float  # part of the budget used up, 0 to 1: of epochs or of minutes, whichever is further
    reductions: int  # how often a plateau was met


def learning_rate(config: TrainingConfig, now: Moment) -> float:
    """Return the learning rate of the step to be taken: `config.learning_rate` * warm-up * schedule."""
    return config.learning_rate * _warmup(config, now) * _SCHEDULES[config.schedule](config, now)


def _warmup(config: TrainingConfig, now: Moment) -> float:
    return min(1.0, now.step / config.warmup_steps) if config.warmup_steps else 1.0


def _constant(config: TrainingConfig, now: Moment) -> float:
    return 1.0


def _plateau(config: TrainingConfig, now: Moment) -> float:
    return config.plateau_factor**now.reductions


def _inverse_sqrt(config: TrainingConfig, now: Moment) -> float:
    """sqrt(w / max(step, w)), w the warm-up steps (Vaswani et al. 2017, equation 3, its peak set to 1)."""
    height = max(config.warmup_steps, 1)
    return math.sqrt(height / max(now.step, height))


def _halving(config: TrainingConfig, now: Moment) -> float:
    """Halved at `halving_start_epoch` and at each `halving_every` from there (Sutskever et al. 2014)."""
    past = now.epoch - config.halving_start_epoch + _ROUNDING
    return 1.0 if past < 0 else 0.5 ** (1 + math.floor(past / config.halving_every + _ROUNDING))


def _linear(config: TrainingConfig, now: Moment) -> float:
    return 1.0 - min(now.progress, 1.0)


def _cosine(config: TrainingConfig, now: Moment) -> float:
    return 0.5 * (1.0 + math.cos(math.pi * min(now.progress, 1.0)))


_SCHEDULES: dict[ScheduleName, Callable[[TrainingConfig, Moment], float]] = {
    "constant": _constant,
    "plateau": _plateau,
    "inverse_sqrt": _inverse_sqrt,
    "halving": _halving,
    "linear": _linear,
    "cosine": _cosine,
}
