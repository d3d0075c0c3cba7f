"""The optimisers by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from throughtime.training.config import Optimiser, TrainingConfig

_MAKERS: dict[Optimiser, Callable[[list[nn.Parameter], TrainingConfig], Optimizer]] = {
    "adam": lambda p, c: Adam(p, c.learning_rate, betas=c.betas, weight_decay=c.weight_decay, fused=True),
    "adamw": lambda p, c: AdamW(p, c.learning_rate, betas=c.betas, weight_decay=c.weight_decay, fused=True),
    "sgd": lambda p, c: SGD(p, c.learning_rate, momentum=c.momentum, weight_decay=c.weight_decay, fused=True),
}


def make_optimiser(config: TrainingConfig, parameters: Iterable[nn.Parameter]) -> Optimizer:
    """Return the configured optimiser over the parameters that want a gradient."""
    return _MAKERS[config.optimiser]([p for p in parameters if p.requires_grad], config)


def moments(config: TrainingConfig) -> int:
    """How many numbers the configured optimiser keeps for each weight."""
    return {"adam": 2, "adamw": 2, "sgd": 1 if config.momentum else 0}[config.optimiser]


def set_learning_rate(optimiser: Optimizer, rate: float) -> None:
    """Make `rate` the learning rate of the next step."""
    for group in optimiser.param_groups:
        group["lr"] = rate
