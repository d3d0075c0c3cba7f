"""Optimisers by their first step, which is known in closed form."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from throughtime.errors import InputError
from throughtime.training.config import TrainingConfig
from throughtime.training.optimisers import groups_of, make_optimiser, set_learning_rate
from throughtime.training.task import ParameterGroup


def stepped(config: TrainingConfig, rate: float, steps: int = 1) -> float:
    """The weight 2 after steps of gradient 0.5."""
    weight = nn.Parameter(torch.tensor(2.0, dtype=torch.float64))
    optimiser = make_optimiser(config, [ParameterGroup([weight])])
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
    group = ParameterGroup([nn.Parameter(torch.zeros(1))])
    optimiser = make_optimiser(TrainingConfig(betas=(0.5, 0.75)), [group])
    assert optimiser.param_groups[0]["betas"] == (0.5, 0.75)


def test_frozen_parameters_are_left_out() -> None:
    frozen = nn.Parameter(torch.zeros(1), requires_grad=False)
    free = nn.Parameter(torch.zeros(1))
    optimiser = make_optimiser(TrainingConfig(), [ParameterGroup([frozen, free])])
    assert optimiser.param_groups[0]["params"] == [free]


def test_each_group_has_its_rate_and_its_decay() -> None:
    weights = [nn.Parameter(torch.tensor(2.0, dtype=torch.float64)) for _ in range(3)]
    groups = [ParameterGroup([weights[0]]), ParameterGroup([weights[1]], 0.5)]
    groups.append(ParameterGroup([weights[2]], weight_decay=0.0))
    optimiser = make_optimiser(TrainingConfig(optimiser="sgd", weight_decay=0.25), groups)
    for weight in weights:
        weight.grad = torch.tensor(0.5, dtype=torch.float64)
    set_learning_rate(optimiser, 0.1)
    optimiser.step()
    assert [weight.item() for weight in weights] == [2 - 0.1 * 1.0, 2 - 0.05 * 1.0, 2 - 0.1 * 0.5]


def test_a_group_of_frozen_parameters_is_left_out() -> None:
    frozen, free = nn.Parameter(torch.zeros(1), requires_grad=False), nn.Parameter(torch.zeros(1))
    optimiser = make_optimiser(TrainingConfig(), [ParameterGroup([frozen]), ParameterGroup([free])])
    assert [group["params"] for group in optimiser.param_groups] == [[free]]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (dict(learning_rate_factor=0.0), "learning_rate_factor is 0.0; expected above 0"),
        (dict(weight_decay=-1.0), "weight_decay is -1.0; expected 0 or more"),
    ],
)
def test_a_group_out_of_range_is_refused(settings: dict[str, float], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        ParameterGroup([], **settings)
    assert str(error.value) == sentence


def grouped(module: nn.Module, *groups: ParameterGroup) -> Any:
    return SimpleNamespace(module=module, parameter_groups=lambda: groups)


def test_without_groups_all_parameters_are_one() -> None:
    module = nn.Linear(2, 3)
    (group,) = groups_of(SimpleNamespace(module=module))  # pyright: ignore
    assert list(group.parameters) == [module.weight, module.bias]
    assert (group.learning_rate_factor, group.weight_decay) == (1.0, None)


def test_every_trainable_parameter_is_in_one_group() -> None:
    module = nn.Linear(2, 3)
    whole, part = ParameterGroup(list(module.parameters())), ParameterGroup([module.weight])
    for groups, number in (((part,), "bias is in 0"), ((whole, part), "weight is in 2")):
        with pytest.raises(InputError) as error:
            groups_of(grouped(module, *groups))
        assert str(error.value) == (
            f"parameter {number} parameter groups; put it into one, or freeze it with requires_grad_(False)"
        )
    module.bias.requires_grad_(False)
    assert groups_of(grouped(module, part)) == [part]


def test_parameters_of_another_model_are_refused() -> None:
    module, other = nn.Linear(2, 3), nn.Linear(2, 3)
    both = [*module.parameters(), *other.parameters()]
    with pytest.raises(InputError) as error:
        groups_of(grouped(module, ParameterGroup(both)))
    assert str(error.value) == "2 parameters of the parameter groups are not in the model; remove them"
