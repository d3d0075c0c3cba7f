"""What an application gives to the training loop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor, nn

from throughtime.training.config import Better


@dataclass(frozen=True)
class Loss:
    """The loss of one batch; the gradient that is followed is that of sum of totals / sum of counts."""

    total: Tensor  # () summed over the batch
    count: int  # what the loss is a mean over: tokens, as a rule
    units: int  # what speed is counted in, as the task's `unit` names it


@dataclass(frozen=True)
class Floor:
    """The validation metrics of the simplest method, which a model that has learned exceeds."""

    method: str  # "a model that knows only how frequent each word is"
    metrics: Mapping[str, float]


class Batches(Protocol):
    """The batches of one epoch by their numbers, from 0; each is made when it is asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int, /) -> Any: ...


class Task(Protocol):
    """A model with its data, its loss and its metric.

    The trainer moves `module` to the device, in place. A batch is a tensor, a collection of tensors, or an
    object whose `to(device)` returns it moved (asked for only where the device is not the CPU).
    """

    @property
    def unit(self) -> str:
        """What training speed is counted in: "words", "images"."""
        ...

    @property
    def metrics(self) -> Mapping[str, Better]:
        """The validation metrics by which the best model can be chosen, each with its better direction."""
        ...

    @property
    def module(self) -> nn.Module:
        """The model to train."""
        ...

    def batches(self, epoch: int) -> Batches:
        """Return the batches of an epoch, the same on every call with the same epoch (counted from 0)."""
        ...

    def loss(self, module: nn.Module, batch: Any) -> Loss:
        """Return the loss of a batch.

        `module` is the task's own, wrapped for precision and for several processes: call it as
        `module(...)`, which runs `forward`, not through other methods. Give it tensors, or tuples,
        dictionaries or plain dataclasses of them (mixed precision refuses frozen dataclasses). What forward
        returns is float32.
        """
        ...

    def validate(self) -> dict[str, float]:
        """Return the metrics of the model as it stands, "loss" among them.

        The trainer has put `module` into evaluation mode and switched gradients off.
        """
        ...

    def floor(self) -> Floor | None:
        """Return the validation metrics of the simplest method; None where there is none to compare with."""
        ...

    def save_model(self, path: Path, weights: dict[str, Tensor]) -> None:
        """Write the model with these weights (named as in `module.state_dict()`) as one file, or nothing."""
        ...
