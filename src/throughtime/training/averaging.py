"""Averages of the weights of a run: a moving one over all steps, and the mean of a few."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from throughtime.artefact.sealed import REPAIR, read_sealed
from throughtime.errors import InputError
from throughtime.training.checkpoint import write_tensors


class MovingAverage:
    """A moving average of the trainable parameters of a module; with decay 0 there is none.

        a(k) = d a(k-1) + (1 - d) w(k),  d = min(decay, (1 + k) / (10 + k)),  a(0) = w(0)

    w(k) are the weights after optimiser step k. Averages of the iterates of gradient descent go back to
    Polyak and Juditsky (1992); d grows with k, as in TensorFlow's `ExponentialMovingAverage` with
    `num_updates`, so that early averages are not the initial weights. Tied parameters are averaged once.
    Frozen parameters and buffers have no average: the module's own are used.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        named = module.named_parameters() if decay else ()
        self._weights = {name: weight for name, weight in named if weight.requires_grad}
        self._averages = {name: weight.detach().clone() for name, weight in self._weights.items()}

    def update(self, step: int) -> None:
        """Take in the weights after an optimiser step, counted from 1."""
        if self._averages:
            decay = min(self.decay, (1 + step) / (10 + step))
            averages, weights = list(self._averages.values()), list[Tensor](self._weights.values())
            get_ema_multi_avg_fn(decay)(averages, weights, step)

    @contextmanager
    def applied(self) -> Generator[None]:
        """Put the averages into the module, and its own weights back afterwards; do not nest."""
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    def tensors(self) -> dict[str, Tensor]:
        """Return the averages by the names of their parameters; outside of `applied`."""
        return dict(self._averages)

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Continue from what `tensors` returned; a parameter without an average begins at its weight."""
        for name, weight in self._weights.items():
            self._averages[name].copy_(tensors.get(name, weight.detach()))

    @torch.no_grad()
    def _exchange(self) -> None:
        """Exchange weights and averages, one parameter at a time, which needs no further copy of all."""
        for name, weight in self._weights.items():
            average = self._averages[name].clone()
            self._averages[name].copy_(weight)
            weight.copy_(average)


class Snapshots:
    """The weights of some steps, kept as files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, step: int) -> Path:
        """Return the file of a step."""
        return self.folder / f"step-{step:06d}.safetensors"

    def keep(self, step: int, weights: dict[str, Tensor]) -> None:
        """Write the weights of a step."""
        self.folder.mkdir(exist_ok=True)
        write_tensors(self.path(step), weights, _metadata(step))

    def clear(self) -> None:
        """Remove the files of all steps."""
        for path in self.folder.glob("step-*.safetensors"):
            path.unlink()

    def mean(self, steps: Sequence[int]) -> dict[str, Tensor]:
        """Return the mean weights of the steps.

        Raises:
            InputError: the file of a step is missing, damaged or another step's.
        """
        return mean_weights(map(self._read, steps), len(steps))

    def _read(self, step: int) -> dict[str, Tensor]:
        path = self.path(step)
        return read_sealed(path, "snapshot", partial(_accept, path, step))[0]


def _metadata(step: int) -> dict[str, str]:
    return {"format": "throughtime snapshot 1", "step": str(step)}


def _accept(path: Path, step: int, metadata: Mapping[str, Any]) -> None:
    if any(metadata.get(name) != value for name, value in _metadata(step).items()):
        raise InputError(f"{path} is not the snapshot of step {step}; {REPAIR}")


def mean_weights(snapshots: Iterable[dict[str, Tensor]], number: int) -> dict[str, Tensor]:
    """Return the mean of `number` sets of weights, summed in float64; whole numbers are of the last set."""
    sums: dict[str, Tensor] = {}
    last: dict[str, Tensor] = {}
    for last in snapshots:
        for name, value in last.items():
            if value.is_floating_point():
                sums[name] = sums.get(name, torch.zeros(())) + value.double()
    means = {name: (value / number).to(last[name].dtype) for name, value in sums.items()}
    return {**last, **means}
