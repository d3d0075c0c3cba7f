"""Who runs a layer: back-ends by name, each with its reason where it cannot serve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from torch import Tensor

from throughtime.cells import Cell
from throughtime.layers.compiled import CompiledScan
from throughtime.layers.direction import Direction
from throughtime.layers.ragged import Ragged, Run
from throughtime.layers.reference import Reference
from throughtime.layers.torch_kernels import TorchKernels


class Backend(Protocol):
    """Runs one layer of a cell over time, in one direction or in both."""

    def why_not(self, cell: Cell, hidden_size: int, weight: Tensor) -> str | None:
        """Why this back-end cannot run the cell, as the end of a sentence; None where it can.

        weight: one of the layer's, for its device and dtype.
        """
        ...

    def run(
        self, cell: Cell, sequences: Ragged, directions: Sequence[Direction], observed: tuple[str, ...] = ()
    ) -> Run:
        """Runs every direction, the first forwards, the second backwards.

        sequences: I features; observed: what the cell shall let be seen, by name.
        """
        ...


BACKENDS: Mapping[str, Backend] = MappingProxyType(
    {"compiled": CompiledScan(), "torch": TorchKernels(), "reference": Reference()}
)
"""In the order in which `auto` asks them."""


def choose(name: str, cell: Cell, hidden_size: int, weight: Tensor) -> str:
    """The name of the back-end that runs the cell: the one asked for, or with `auto` the first that can.

    Raises ValueError, saying why, where the one asked for cannot.
    """
    if name == "auto":
        able = (
            one for one, backend in BACKENDS.items() if backend.why_not(cell, hidden_size, weight) is None
        )
        return next(able)
    if name not in BACKENDS:
        *others, last = BACKENDS
        raise ValueError(f"backend must be auto, {', '.join(others)} or {last}; got {name!r}")
    reason = BACKENDS[name].why_not(cell, hidden_size, weight)
    if reason is not None:
        raise ValueError(
            f"backend={name!r} cannot run {cell.name}: {reason}; backend='reference' runs every cell"
        )
    return name
