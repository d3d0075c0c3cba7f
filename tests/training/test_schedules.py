"""Learning rates by exact values."""

from __future__ import annotations

import math
from typing import Any

import pytest

from throughtime.training.config import TrainingConfig
from throughtime.training.schedules import Moment, learning_rate


def rate(
    *, step: int = 1, epoch: float = 0.0, progress: float = 0.0, reductions: int = 0, **settings: Any
) -> float:
    config = TrainingConfig(**{"learning_rate": 1.0, **settings})
    return learning_rate(config, Moment(step, epoch, progress, reductions))


def test_constant_stays() -> None:
    assert [rate(step=s, epoch=s / 7) for s in (1, 10, 1000)] == [1.0, 1.0, 1.0]


def test_warmup_rises_in_a_straight_line_to_the_full_rate() -> None:
    assert [rate(step=s, warmup_steps=4) for s in (1, 2, 3, 4, 5)] == [0.25, 0.5, 0.75, 1.0, 1.0]


def test_halving_is_that_of_sutskever_2014() -> None:
    """0.7 for five epochs, then halved every half epoch, to the end at 7.5 epochs."""
    epochs = (0.0, 4.999, 5.0, 5.499, 5.5, 6.0, 6.5, 7.0, 7.499)
    halvings = (0, 0, 1, 1, 2, 3, 4, 5, 5)
    rates = [rate(epoch=e, schedule="halving", learning_rate=0.7) for e in epochs]
    assert rates == [0.7 * 0.5**n for n in halvings]


def test_halving_is_not_late_by_a_rounding_error() -> None:
    settings = {"schedule": "halving", "halving_every": 0.1}
    assert 5.3 - 5 < 0.3  # as floats
    assert rate(epoch=5.3, **settings) == 0.5**4


def test_inverse_sqrt_peaks_at_the_end_of_warmup() -> None:
    settings = {"schedule": "inverse_sqrt", "warmup_steps": 100}
    assert rate(step=50, **settings) == 0.5
    assert rate(step=100, **settings) == 1.0
    assert rate(step=400, **settings) == 0.5
    assert rate(step=9, schedule="inverse_sqrt") == pytest.approx(1 / 3, rel=1e-15)


def test_plateau_multiplies_once_for_each_reduction() -> None:
    settings = {"schedule": "plateau", "plateau_factor": 0.25}
    assert [rate(reductions=n, **settings) for n in (0, 1, 2)] == [1.0, 0.25, 0.0625]


def test_linear_and_cosine_fall_to_zero_over_the_budget() -> None:
    assert [rate(progress=p, schedule="linear") for p in (0, 0.25, 1.0, 1.5)] == [1.0, 0.75, 0.0, 0.0]
    cosine = [rate(progress=p, schedule="cosine") for p in (0, 0.25, 0.5, 1.0)]
    assert cosine == pytest.approx([1.0, (1 + math.sqrt(0.5)) / 2, 0.5, 0.0], abs=1e-15)


def test_warmup_multiplies_the_schedule() -> None:
    assert rate(step=1, progress=0.5, schedule="linear", warmup_steps=2) == 0.25
