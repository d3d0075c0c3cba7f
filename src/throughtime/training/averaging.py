"""The mean of the weights of several steps of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from throughtime.artefact.sealed import REPAIR, read_sealed
from throughtime.errors import InputError
from throughtime.training.checkpoint import write_tensors


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
