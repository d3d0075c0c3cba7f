"""The interface between an application and the training loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from torch import Tensor, nn

from throughtime.settings import require
from throughtime.training.config import Better


@dataclass(frozen=True)
class Loss:
    """The loss of one batch; a step follows the gradient of sum of totals / sum of counts."""

    total: Tensor  # () summed over the batch
    count: int  # what the loss is a mean over: usually tokens
    units: int  # what speed is counted in, as the task's `unit` names it


@dataclass(frozen=True)
class Floor:
    """The validation metrics of the simplest method, which a model that has learned exceeds."""

    method: str  # "a model that knows only how frequent each word is"
    metrics: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class ParameterGroup:
    """Parameters with a learning rate and a weight decay of their own.

    Frozen parameters (`requires_grad` is False) stay out of the optimiser, whichever group they are in.
    """

    parameters: Sequence[nn.Parameter]
    learning_rate_factor: float = 1.0  # multiplies the learning rate of the schedule
    weight_decay: float | None = None  # None: that of the configuration

    def __post_init__(self) -> None:
        """Raise InputError where a value is out of its range."""
        require(self, "learning_rate_factor", self.learning_rate_factor > 0, "above 0")
        require(self, "weight_decay", self.weight_decay is None or self.weight_decay >= 0, "0 or more")


def matrices_and_vectors(module: nn.Module) -> list[ParameterGroup]:
    """Return the parameters as two groups, the second without weight decay: biases, gains of norms."""
    vectors = [parameter for parameter in module.parameters() if parameter.dim() < 2]
    matrices = [parameter for parameter in module.parameters() if parameter.dim() >= 2]
    return [ParameterGroup(matrices), ParameterGroup(vectors, weight_decay=0.0)]


class Batches(Protocol):
    """The batches of one epoch by their numbers, from 0; each is made when it is asked for.

    A batch depends only on its epoch and number, so that it can be prepared ahead, in another thread, or a
    second time. Draw its random numbers from a generator of its own, such as
    `np.random.default_rng([seed, epoch, number])`, and not from the global generators.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, number: int, /) -> Any: ...


class Task(Protocol):
    """A model with its data, its loss and its metrics.

    The trainer moves `module` to the device, in place. A batch is a tensor, a collection of tensors, or an
    object whose `to(device)` returns it moved (called only where the device is not the CPU).

    A task can implement `HasParameterGroups` and `HasTensors` as well.
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
        """Return the metrics of the model as it stands, "loss" and the configured `best_by` among them.

        The trainer has put `module` into evaluation mode and switched gradients off.
        """
        ...

    def floor(self) -> Floor | None:
        """Return the validation metrics of the simplest method; None where there is none to compare with."""
        ...

    def save_model(self, path: Path, weights: dict[str, Tensor]) -> None:
        """Write the model with these weights (named as in `module.state_dict()`) as one file, or nothing.

        Meanwhile `module` holds the same weights: those of the last step, or an average.
        """
        ...


@runtime_checkable
class HasParameterGroups(Protocol):
    """A task that trains parts of its model differently; without it all parameters are one group."""

    def parameter_groups(self) -> Sequence[ParameterGroup]:
        """Return groups that hold every trainable parameter of `module` once."""
        ...


@runtime_checkable
class HasTensors(Protocol):
    """A task with tensors of its own that a checkpoint has to hold.

    Examples are the state carried from batch to batch by truncated back-propagation, and running averages.
    `loss` changes them; `batches`, `validate` and `save_model` leave them as they are. Where a loss is not
    finite, the trainer puts back those from before the step.

    Each process has its own, as a carried state belongs to the batches of one process. A checkpoint holds
    those of every process; a run whose checkpoint holds any has to resume with as many processes.
    """

    def tensors(self) -> Mapping[str, Tensor]:
        """Return the tensors as they stand; the trainer copies them."""
        ...

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Continue from what `tensors` returned earlier: copies for the task to keep, on the same device."""
        ...


def tensors_of(task: Task) -> dict[str, Tensor]:
    """Return copies of the task's own tensors; none where it has none."""
    if not isinstance(task, HasTensors):
        return {}
    return {name: tensor.detach().clone() for name, tensor in task.tensors().items()}


def load_tensors(task: Task, tensors: Mapping[str, Tensor]) -> None:
    """Give a task copies of the tensors that it had earlier; nothing to do where it has none."""
    if isinstance(task, HasTensors):
        task.load_tensors({name: tensor.clone() for name, tensor in tensors.items()})
