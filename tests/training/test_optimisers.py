"""Optimisers by their first step, which is known in closed form."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from throughtime.training.config import TrainingConfig
from throughtime.training.optimisers import make_optimiser, set_learning_rate


def stepped(config: TrainingConfig, rate: float, steps: int = 1) -> float:
    """The weight 2 after steps of gradient 0.5."""
    weight = nn.Parameter(torch.tensor(2.0, dtype=torch.float64))
    optimiser = make_optimiser(config, [weight])
    for _ in range(steps):
        weight.grad = torch.tensor(0.5, dtype=torch.float64)
        set_learning_rate(optimiser, rate)
        optimiser.step()
    return weight.item()


def test_sgd_follows_the_gradient_at_the_rate_that_was_set() -> None:
    assert stepped(TrainingConfig(optimiser="sgd", learning_rate=9.0), rate=0.1) == 2 - 0.1 * 0.5


def test_sgd_momentum_adds_up() -> None:
    config = TrainingConfig(optimiser="sgd", momentum=0.5)
    assert stepped(config, rate=1.0, steps=2) == 2 - 0.5 - (0.5 + 0.25)


def test_sgd_weight_decay_is_added_to_the_gradient() -> None:
    assert stepped(TrainingConfig(optimiser="sgd", weight_decay=0.25), rate=1.0) == 2 - (0.5 + 0.25 * 2)


def test_adam_first_steps_by_the_rate() -> None:
    assert stepped(TrainingConfig(optimiser="adam"), rate=0.1) == pytest.approx(1.9, rel=1e-7)


def test_adamw_decays_apart_from_the_gradient() -> None:
    config = TrainingConfig(optimiser="adamw", weight_decay=0.5)
    assert stepped(config, rate=0.1) == pytest.approx(2 * (1 - 0.1 * 0.5) - 0.1, rel=1e-7)


def test_betas_reach_the_optimiser() -> None:
    optimiser = make_optimiser(TrainingConfig(betas=(0.5, 0.75)), [nn.Parameter(torch.zeros(1))])
    assert optimiser.param_groups[0]["betas"] == (0.5, 0.75)


def test_frozen_parameters_are_left_out() -> None:
    frozen = nn.Parameter(torch.zeros(1), requires_grad=False)
    free = nn.Parameter(torch.zeros(1))
    assert make_optimiser(TrainingConfig(), [frozen, free]).param_groups[0]["params"] == [free]
