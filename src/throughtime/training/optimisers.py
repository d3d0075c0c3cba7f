"""The optimisers by name, over groups of parameters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from throughtime.errors import InputError
from throughtime.training.config import Optimiser, TrainingConfig
from throughtime.training.task import HasParameterGroups, ParameterGroup, Task

_MAKERS: dict[Optimiser, Callable[[list[dict[str, Any]], TrainingConfig], Optimizer]] = {
    "adam": lambda g, c: Adam(g, c.learning_rate, betas=c.betas, weight_decay=c.weight_decay, fused=True),
    "adamw": lambda g, c: AdamW(g, c.learning_rate, betas=c.betas, weight_decay=c.weight_decay, fused=True),
    "sgd": lambda g, c: SGD(g, c.learning_rate, momentum=c.momentum, weight_decay=c.weight_decay, fused=True),
}

_FACTOR, _OWN_DECAY = "learning_rate_factor", "own_weight_decay"
"""What a group of the optimiser holds besides torch's options."""


def groups_of(task: Task) -> list[ParameterGroup]:
    """Return the parameter groups of a task: its own, or all parameters as one group.

    Raises:
        InputError: a trainable parameter is in no group or in several, or a group holds a parameter of
            another model.
    """
    if not isinstance(task, HasParameterGroups):
        return [ParameterGroup(list(task.module.parameters()))]
    groups = list(task.parameter_groups())
    _require_each_once(task.module, groups)
    return groups


def _require_each_once(module: nn.Module, groups: Iterable[ParameterGroup]) -> None:
    memberships = Counter(parameter for group in groups for parameter in group.parameters)
    names = {parameter: name for name, parameter in module.named_parameters()}
    if foreign := sum(parameter not in names for parameter in memberships):
        raise InputError(f"{foreign} parameters of the parameter groups are not in the model; remove them")
    for parameter, name in names.items():
        if parameter.requires_grad and (number := memberships[parameter]) != 1:
            raise InputError(
                f"parameter {name} is in {number} parameter groups; put it into one, or freeze it with "
                "requires_grad_(False)"
            )


def make_optimiser(config: TrainingConfig, groups: Sequence[ParameterGroup]) -> Optimizer:
    """Return the configured optimiser over the parameters that require a gradient, in their groups."""
    options = [_options(group, config) for group in groups]
    return _MAKERS[config.optimiser]([group for group in options if group["params"]], config)


def _options(group: ParameterGroup, config: TrainingConfig) -> dict[str, Any]:
    own = group.weight_decay
    return {
        "params": [parameter for parameter in group.parameters if parameter.requires_grad],
        "weight_decay": config.weight_decay if own is None else own,
        _FACTOR: group.learning_rate_factor,
        _OWN_DECAY: own,
    }


def grouping_of(module: nn.Module, optimiser: Optimizer) -> dict[str, str]:
    """Return how the optimiser treats each parameter, in the order of its state.

    An example is {"head.weight": "in group 2 with learning rate factor 0.1"}.
    """
    names = {parameter: name for name, parameter in module.named_parameters()}
    return {
        names[parameter]: f"in group {number} {_described(group)}"
        for number, group in enumerate(optimiser.param_groups, 1)
        for parameter in group["params"]
    }


def _described(group: dict[str, Any]) -> str:
    own = group[_OWN_DECAY]
    decay = "" if own is None else f" and weight decay {own:g}"
    return f"with learning rate factor {group[_FACTOR]:g}{decay}"


def moments(config: TrainingConfig) -> int:
    """Return how many numbers the configured optimiser holds for each weight."""
    return {"adam": 2, "adamw": 2, "sgd": 1 if config.momentum else 0}[config.optimiser]


def set_learning_rate(optimiser: Optimizer, rate: float) -> None:
    """Set the learning rate of the next step: `rate` times the factor of each group."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group[_FACTOR]
