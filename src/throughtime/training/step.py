"""One optimiser step over a group of batches."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from throughtime.training.config import TrainingConfig
from throughtime.training.gradients import clip_factor, gradient_norm, gradients_of, scale
from throughtime.training.health import Footing, TrainingError, trace_non_finite
from throughtime.training.optimisers import make_optimiser, set_learning_rate
from throughtime.training.task import Loss, Task


@dataclass(frozen=True)
class Step:
    """What one step did."""

    total: float  # loss summed over the batches of all processes
    count: int
    words: int
    norm: float  # of the mean gradient, before clipping


class NotFinite(TrainingError):
    """A loss or gradient is not finite; weights, buffers and random states are those before the batch."""


class Stepper:
    """Takes optimiser steps: d(sum of totals / sum of counts), clipped, over batches and processes."""

    def __init__(self, task: Task, config: TrainingConfig, fabric: Fabric) -> None:
        self.task, self.config, self.fabric = task, config, fabric
        self.optimiser = make_optimiser(config, task.module.parameters())
        self.optimiser.zero_grad(set_to_none=True)
        self._wrapped, self._optimiser = fabric.setup(task.module, self.optimiser)

    @property
    def module(self) -> nn.Module:
        """The task's module, unwrapped."""
        return self.task.module

    def step(self, group: list[Any], rate: float) -> Step:
        """Take one step at a learning rate; raise NotFinite, nothing changed, where the numbers are not."""
        footing = Footing(self.module)
        losses = self._backward(group)
        total, count, words = self._sums(losses)
        gradients = gradients_of(self.module.parameters())
        mean = self.fabric.world_size / max(count, 1)  # processes average their gradients
        norm = gradient_norm(gradients) * mean
        if not (math.isfinite(total) and math.isfinite(norm)):
            self._stop(group, losses, footing)
        scale(gradients, mean * clip_factor(norm, self.config.clip_norm))
        self._update(rate)
        return Step(total, count, words, norm)

    def _backward(self, group: list[Any]) -> list[Loss]:
        losses: list[Loss] = []
        for batch in group:
            waits = len(losses) + 1 < len(group)  # only the last batch exchanges gradients between processes
            with self.fabric.no_backward_sync(self._wrapped, enabled=waits):
                loss = self.task.loss(self._wrapped, self._moved(batch))
                self.fabric.backward(loss.total)
            losses.append(replace(loss, total=loss.total.detach()))
        return losses

    def _moved(self, batch: Any) -> Any:
        return batch if self.fabric.device.type == "cpu" else self.fabric.to_device(batch)

    def _sums(self, losses: list[Loss]) -> tuple[float, int, int]:
        total = sum(loss.total.item() for loss in losses)
        count, words = sum(loss.count for loss in losses), sum(loss.words for loss in losses)
        if self.fabric.world_size == 1:
            return total, count, words
        sums = torch.tensor([total, count, words], dtype=torch.float64, device=self.fabric.device)
        total, count, words = torch.as_tensor(self.fabric.all_reduce(sums, reduce_op="sum")).tolist()
        return total, round(count), round(words)

    def _update(self, rate: float) -> None:
        set_learning_rate(self.optimiser, rate)
        self._optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)

    def _stop(self, group: list[Any], losses: list[Loss], footing: Footing) -> None:
        self.optimiser.zero_grad(set_to_none=True)
        footing.restore()

        def run() -> Tensor:
            with self.fabric.no_backward_sync(self._wrapped):
                totals = [self.task.loss(self._wrapped, self._moved(batch)).total for batch in group]
            return torch.stack(totals).sum()

        place = trace_non_finite(self.module, run)
        footing.restore()
        loss = sum(loss.total.item() for loss in losses)
        kind = "the loss" if not math.isfinite(loss) else "the gradient"
        raise NotFinite(f"{kind} is not finite, traced to {place}")
