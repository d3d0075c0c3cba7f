"""The mean of the weights of several moments of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from throughtime.training.tensors import read_tensors, write_tensors


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
        write_tensors(self.path(step), weights, {})

    def clear(self) -> None:
        """Remove the files of all steps."""
        for path in self.folder.glob("step-*.safetensors"):
            path.unlink()

    def mean(self, steps: Sequence[int]) -> dict[str, Tensor]:
        """Return the mean weights of the steps."""
        return mean_weights((read_tensors(self.path(step))[0] for step in steps), len(steps))


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
