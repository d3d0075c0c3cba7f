"""A task that trains in milliseconds, for every test of the loop."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
import safetensors.torch
import torch
from lightning_fabric import Fabric
from rich.console import Console
from torch import Tensor, nn

from throughtime.training import fit as loop
from throughtime.training.config import Better, TrainingConfig
from throughtime.training.outcome import Outcome
from throughtime.training.task import Floor, Loss, Task

Pairs = list[tuple[Tensor, Tensor]]


class Regression:
    """Learns y = x (1, -2, 3) + 1; `before_loss` runs inside of every batch."""

    unit = "words"
    metrics: ClassVar[Mapping[str, Better]] = {"loss": "min", "bleu": "max"}

    def __init__(self, batches: int = 8, dropout: float = 0.0, scores: list[float] | None = None) -> None:
        torch.manual_seed(0)
        self.module: nn.Module = nn.Sequential(
            nn.Linear(3, 8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 1)
        )
        self.number = batches
        self.scores = scores
        self.validations = 0
        self.least: Floor | None = None
        self.seen: list[int] = []  # epochs asked for
        self.before_loss: Callable[[], None] = lambda: None

    def batches(self, epoch: int) -> Pairs:
        self.seen.append(epoch)
        return [self.batch(100 * epoch + i) for i in range(self.number)]

    def batch(self, seed: int, rows: int = 4) -> tuple[Tensor, Tensor]:
        x = torch.randn(rows, 3, generator=torch.Generator().manual_seed(seed))
        return x, x @ torch.tensor([[1.0], [-2.0], [3.0]]) + 1

    def loss(self, module: nn.Module, batch: tuple[Tensor, Tensor]) -> Loss:
        self.before_loss()
        x, y = batch
        return Loss(((module(x) - y) ** 2).sum(), count=len(x), units=10 * len(x))

    def validate(self) -> dict[str, float]:
        assert not self.module.training
        assert not torch.is_grad_enabled()
        x, y = self.batch(10**6, rows=32)
        self.validations += 1
        loss = ((self.module(x) - y) ** 2).mean().item()
        score = -loss if self.scores is None else self.scores[min(self.validations, len(self.scores)) - 1]
        return {"loss": loss, "bleu": score}

    def floor(self) -> Floor | None:
        return self.least

    def save_model(self, path: Path, weights: dict[str, Tensor]) -> None:
        safetensors.torch.save_file({name: value.clone() for name, value in weights.items()}, path)


def fit(task: Task, config: TrainingConfig, folder: Path, **settings: Any) -> Outcome:
    """Train in one process on the CPU."""
    fabric = Fabric(accelerator="cpu", devices=1, precision=config.precision)
    return loop.fit(task, config, folder, fabric=fabric, **settings)


class Clock:
    """Ten seconds pass at each call of `tick`."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def tick(self) -> None:
        self.seconds += 10.0


class Killed(Exception):
    """Stands for a power cut: nothing is saved on the way out."""


@pytest.fixture
def make_task() -> type[Regression]:
    return Regression


@pytest.fixture
def console() -> Console:
    """A console that is no terminal; `console.file.getvalue()` is what it was given."""
    return Console(file=io.StringIO(), force_terminal=False)
