"""Who runs a layer: back-ends by name, each with its reason where it cannot serve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from torch import Tensor

from throughtime.cells import Cell, Rows
from throughtime.layers.ragged import Ragged
from throughtime.layers.reference import Reference
from throughtime.layers.torch_kernels import TorchKernels

Weights = Mapping[str, Tensor]


class Backend(Protocol):
    """Runs one layer of a cell over time, in one direction or in both."""

    def why_not(self, kind: type[Cell]) -> str | None:
        """Why this back-end cannot run cells of this class, as the end of a sentence; None where it can."""
        ...

    def run(
        self, cell: Cell, sequences: Ragged, states: Sequence[Rows], weights: Sequence[Weights]
    ) -> tuple[Tensor, list[Rows]]:
        """Runs every direction, the first forwards, the second backwards.

        sequences: (T, B, I); states, weights: one entry a direction, each state (B, width).
        Returns the outputs (T, B, D * width), 0 where a sequence has ended, and each direction's last state.
        """
        ...


BACKENDS: Mapping[str, Backend] = MappingProxyType({"torch": TorchKernels(), "reference": Reference()})
"""In the order in which `auto` asks them."""


def choose(name: str, cell: Cell) -> str:
    """The name of the back-end that runs the cell: the one asked for, or with `auto` the first that can.

    Raises ValueError, saying why, where the one asked for cannot.
    """
    if name == "auto":
        return next(
            candidate for candidate, backend in BACKENDS.items() if backend.why_not(type(cell)) is None
        )
    if name not in BACKENDS:
        raise ValueError(f"backend must be auto, {' or '.join(BACKENDS)}; got {name!r}")
    reason = BACKENDS[name].why_not(type(cell))
    if reason is not None:
        raise ValueError(
            f"backend={name!r} cannot run {cell.name}: {reason}; backend='reference' runs every cell"
        )
    return name
