"""The back-ends that run a layer, by name, each with the reason when it cannot."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Protocol

from torch import Tensor

from throughtime.cells import Cell
from throughtime.engine.cell_text import Same
from throughtime.engine.native import NAMES, native
from throughtime.engine.purity import check_pure
from throughtime.layers.compiled import CompiledScan
from throughtime.layers.direction import Direction
from throughtime.layers.ragged import LayerResult, Ragged
from throughtime.layers.reference import Reference
from throughtime.layers.torch_kernels import TorchKernels


class Backend(Protocol):
    """Runs one layer of a cell over time, in one direction or both."""

    def why_not(self, cell: Cell, hidden_size: int, weight: Tensor) -> str | None:
        """Return why this back-end cannot run the cell, as the end of a sentence; None if it can.

        weight: one of the layer's, for its device and dtype.
        """
        ...

    def run(
        self,
        cell: Cell,
        sequences: Ragged,
        directions: Sequence[Direction],
        observed: tuple[str, ...] = (),
        text: str = "",
    ) -> LayerResult:
        """Run every direction, the first forwards, the second backwards.

        sequences: I features. observed: names of the values to return from the cell. text: `text_of(cell)`,
        by which torch's graphs name the cell, because they cannot hold it.
        """
        ...


BACKENDS: Mapping[str, Backend] = {
    "compiled": CompiledScan(),
    "torch": TorchKernels(),
    "reference": Reference(),
}
"""In the order in which `auto` tries them."""


def choose(name: str, cell: Cell, hidden_size: int, weight: Tensor) -> str:
    """Return the back-end that runs the cell: the requested one, or with `auto` the first that can.

    Warns, once per cell, if `auto` falls back to the reference although the engine supports the device and
    dtype.

    Raises ValueError if the requested back-end cannot run the cell, with the reason, and if the cell's step
    writes in place to its arguments.
    """
    chosen = (
        _first_able(cell, hidden_size, weight)
        if name == "auto"
        else _asked_for(name, cell, hidden_size, weight)
    )
    if chosen == "reference":
        check_pure(cell, hidden_size)
        if name == "auto":
            _warn(cell, hidden_size, weight)
    return chosen


def _first_able(cell: Cell, hidden_size: int, weight: Tensor) -> str:
    able = (name for name, backend in BACKENDS.items() if backend.why_not(cell, hidden_size, weight) is None)
    return next(able)


def _asked_for(name: str, cell: Cell, hidden_size: int, weight: Tensor) -> str:
    if name not in BACKENDS:
        *others, last = BACKENDS
        raise ValueError(f"backend must be auto, {', '.join(others)} or {last}; got {name!r}")
    reason = BACKENDS[name].why_not(cell, hidden_size, weight)
    if reason is not None:
        raise ValueError(
            f"backend={name!r} cannot run {cell.name}: {reason}; backend='reference' runs every cell"
        )
    return name


_WARNED: set[Same | None] = set()
"""The cells whose fallback has been warned of; None stands for all cells, if there is no native part."""


def _warn(cell: Cell, hidden_size: int, weight: Tensor) -> None:
    """Warn why the engine does not run the cell, if it supports the device and dtype."""
    if weight.device.type != "cpu" or weight.dtype not in NAMES:
        return
    key = None if native is None else Same(cell)
    if key not in _WARNED:
        reason = BACKENDS["compiled"].why_not(cell, hidden_size, weight)
        warnings.warn(
            f"{cell.name} runs by its equations, many times slower than compiled: {reason}; "
            "backend='reference' chooses that without this warning",
            stacklevel=6,
        )
        _WARNED.add(key)
