"""A run that several processes can share; `python -m torch.distributed.run ... dividing.py` starts it.

    dividing.py FOLDER ACCUMULATE MAX_EPOCHS [resume] [killed] [carrying]

With `killed` the second process ends itself, as a power cut would, in the second epoch. With `carrying` each
process carries a state of its own from batch to batch.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import safetensors.torch
import torch
from torch import Tensor, nn

from throughtime.application.processes import join
from throughtime.errors import InputError
from throughtime.training.config import Better, TrainingConfig
from throughtime.training.fit import fit
from throughtime.training.task import Loss

BATCHES = 7


class Dropping:
    """Batches of unequal size through dropout."""

    unit = "rows"
    metrics: ClassVar[Mapping[str, Better]] = {"loss": "min"}

    def __init__(self, killed: bool) -> None:
        torch.manual_seed(0)
        self.module: nn.Module = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Dropout(0.5), nn.Linear(8, 1))
        self.killed, self.epoch = killed, 0

    def batches(self, epoch: int) -> list[tuple[Tensor, Tensor]]:
        self.epoch = epoch
        draw = torch.Generator().manual_seed(epoch)
        return [
            (torch.randn(2 + k, 3, generator=draw), torch.randn(2 + k, 1, generator=draw))
            for k in range(BATCHES)
        ]

    def loss(self, module: nn.Module, batch: tuple[Tensor, Tensor]) -> Loss:
        if self.killed and self.epoch == 1 and os.environ.get("RANK") == "1":
            os.kill(os.getpid(), signal.SIGKILL)
        x, y = batch
        return Loss((module(x) - y).square().sum(), len(x), len(x))

    def validate(self) -> dict[str, float]:
        return {"loss": float(self.module(torch.ones(1, 3)))}

    def floor(self) -> None:
        return None

    def save_model(self, path: Path, weights: dict[str, Any]) -> None:
        safetensors.torch.save_file({name: value.clone() for name, value in weights.items()}, path)


class Carrying(Dropping):
    """The same, where targets depend on the mean of the batches that the process has seen."""

    def __init__(self, killed: bool) -> None:
        super().__init__(killed)
        self.state = torch.zeros(())

    def loss(self, module: nn.Module, batch: tuple[Tensor, Tensor]) -> Loss:
        x, y = batch
        loss = super().loss(module, (x, y + self.state))
        self.state = 0.9 * self.state + x.mean()
        return loss

    def tensors(self) -> dict[str, Tensor]:
        return {"state": self.state}

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        self.state = tensors["state"]


def main(folder: str, accumulate: str, max_epochs: str, *options: str) -> None:
    """Train."""
    config = TrainingConfig(
        learning_rate=0.01,
        accumulate=int(accumulate),
        max_epochs=float(max_epochs),
        log_every=1,
        average_decay=0.9,
        average_last=2,
        threads=1,
    )
    task = (Carrying if "carrying" in options else Dropping)("killed" in options)
    fabric = join(config.precision)
    fit(task, config, folder, fabric=fabric, resume="resume" in options, resume_hint="the same again")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except InputError as error:
        sys.exit(str(error))
