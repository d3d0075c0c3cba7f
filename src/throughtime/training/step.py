"""One optimiser step over a group of batches."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from throughtime.training.averaging import MovingAverage
from throughtime.training.config import TrainingConfig
from throughtime.training.non_finite import Footing, TrainingError, trace_non_finite
from throughtime.training.optimisers import groups_of, make_optimiser, set_learning_rate
from throughtime.training.task import Batches, Loss, Task


def seed_all(*key: int) -> None:
    """Seed every global generator from the numbers of `key`, each 0 or more."""
    first, second = np.random.SeedSequence(key).generate_state(2, np.uint64).tolist()
    random.seed(first)
    np.random.seed(second % 2**32)
    torch.manual_seed(first)


def gradients_of(parameters: Iterable[nn.Parameter]) -> list[Tensor]:
    """Return the gradients of the parameters that have one."""
    return [p.grad for p in parameters if p.grad is not None]


def gradient_norm(gradients: list[Tensor]) -> float:
    """Return the Euclidean norm of all gradients taken as one vector; not finite where one is not."""
    return get_total_norm(gradients).item()


def clip_factor(norm: float, largest: float) -> float:
    """Return s = largest / norm where norm > largest > 0, else 1 (Sutskever et al. 2014, section 3.4)."""
    return largest / norm if norm > largest > 0 else 1.0


def scale(gradients: list[Tensor], factor: float) -> None:
    """Multiply all gradients by `factor`, in place."""
    for gradient in gradients:
        gradient.mul_(factor)


_NOWHERE = "the loss itself, computed from finite outputs of every layer"


@dataclass(frozen=True)
class Group:
    """The batches of one step, given by their numbers in an epoch and dealt to the processes in turn."""

    batches: Batches
    numbers: range
    epoch: int = 0


@dataclass(frozen=True)
class StepResult:
    """The loss and gradient of one step."""

    total: float  # loss summed over the batches of all processes
    count: int
    units: int
    norm: float  # of the mean gradient, before clipping


class NotFinite(TrainingError):
    """A loss or gradient is not finite; weights, buffers and the task's tensors are those before the step."""


class Stepper:
    """Takes optimiser steps: d(sum of totals / sum of counts), clipped, over batches and processes."""

    def __init__(self, task: Task, config: TrainingConfig, fabric: Fabric) -> None:
        self.task, self.config, self.fabric = task, config, fabric
        self.optimiser = make_optimiser(config, groups_of(task))
        self.optimiser.zero_grad(set_to_none=True)
        self._wrapped, self._optimiser = fabric.setup(task.module, self.optimiser)
        self.average = MovingAverage(task.module, config.average_decay)

    @property
    def module(self) -> nn.Module:
        """The task's module, unwrapped."""
        return self.task.module

    def step(self, group: Group, rate: float) -> StepResult:
        """Take one step at a learning rate; raise NotFinite, and change nothing, where a number is not."""
        footing = Footing(self.task)
        losses = self._backward(group)
        if self._idle(group):
            footing.restore_tensors()
        total, count, units = self._sums(losses)
        gradients = gradients_of(self.module.parameters())
        mean = self.fabric.world_size / max(count, 1)  # processes average their gradients
        norm = gradient_norm(gradients) * mean
        if not (math.isfinite(total) and math.isfinite(norm)):
            self._stop(group, total, footing)
        scale(gradients, mean * clip_factor(norm, self.config.clip_norm))
        self._update(rate)
        return StepResult(total, count, units, norm)

    def _backward(self, group: Group) -> list[Loss]:
        numbers, losses = self.own(group.numbers), list[Loss]()
        for number in numbers:
            waits = number != numbers[-1]  # only the last batch exchanges gradients between processes
            with self.fabric.no_backward_sync(self._wrapped, enabled=waits):
                loss = self._loss(group, number)
                self.fabric.backward(loss.total)
            losses.append(replace(loss, total=loss.total.detach()))
        return losses

    def own(self, numbers: range) -> range:
        """Return the numbers of the batches that this process takes; the first where none is left for it."""
        return numbers[self.fabric.global_rank :: self.fabric.world_size] or numbers[:1]

    def _loss(self, group: Group, number: int) -> Loss:
        """Return the loss of a batch, times 0 where the batch belongs to another process.

        Its random numbers are derived from (seed, epoch, number). The batch is prepared before, so that
        preparing it cannot change them.
        """
        batch = self._moved(group.batches[number])
        seed_all(self.config.seed, group.epoch, number)
        loss = self.task.loss(self._wrapped, batch)
        return Loss(loss.total * 0.0, 0, 0) if self._idle(group) else loss

    def _idle(self, group: Group) -> bool:
        """Return whether no batch of the step is left for this process."""
        return self.fabric.global_rank >= len(group.numbers)

    def _moved(self, batch: Any) -> Any:
        return batch if self.fabric.device.type == "cpu" else self.fabric.to_device(batch)

    def _sums(self, losses: list[Loss]) -> tuple[float, int, int]:
        total = sum(loss.total.item() for loss in losses)
        count, units = sum(loss.count for loss in losses), sum(loss.units for loss in losses)
        if self.fabric.world_size == 1:
            return total, count, units
        sums = torch.tensor([total, count, units], dtype=torch.float64, device=self.fabric.device)
        total, count, units = torch.as_tensor(self.fabric.all_reduce(sums, reduce_op="sum")).tolist()
        return total, round(count), round(units)

    def _update(self, rate: float) -> None:
        set_learning_rate(self.optimiser, rate)
        self._optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)

    def _stop(self, group: Group, total: float, footing: Footing) -> None:
        self.optimiser.zero_grad(set_to_none=True)
        footing.restore()

        def run() -> Tensor:
            with self.fabric.no_backward_sync(self._wrapped):
                totals = [self._loss(group, number).total for number in self.own(group.numbers)]
            return torch.stack(totals).sum()

        place = self._first_found(trace_non_finite(self.module, run)) or _NOWHERE
        footing.restore()
        kind = "the gradient" if math.isfinite(total) else "the loss"
        raise NotFinite(f"{kind} is not finite, traced to {place}")

    def _first_found(self, place: str | None) -> str | None:
        """Return the place that the first process with a place found; None where no process found one."""
        if self.fabric.world_size == 1:
            return place
        found = torch.tensor(place is not None, device=self.fabric.device)
        finders = torch.as_tensor(self.fabric.all_gather(found)).flatten().nonzero().flatten().tolist()
        return self.fabric.broadcast(place, src=finders[0]) if finders else None
