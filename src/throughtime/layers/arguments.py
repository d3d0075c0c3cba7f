"""Checks of the arguments that layers and cell modules share."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from throughtime.cells import Cell, cell_named
from throughtime.cells.initialise import INITIALISERS, Initialiser
from throughtime.cells.registry import without_constants
from throughtime.errors import TensorError
from throughtime.layers.autocast import casts


def as_cell(cell: object) -> Cell:
    """Return a cell from a `Cell`, its class or its name, as `cell_named` has it."""
    if isinstance(cell, str):
        return cell_named(cell)
    if isinstance(cell, type) and issubclass(cell, Cell):
        return without_constants(cell)
    if not isinstance(cell, Cell):
        raise ValueError(f"cell must be a Cell, its class or its name; got {cell!r}")
    return cell


def as_initialiser(initialiser: Initialiser | str) -> Initialiser:
    """Return an initialiser from a function or its name."""
    if not isinstance(initialiser, str):
        return initialiser
    if initialiser not in INITIALISERS:
        raise ValueError(
            f"initialiser must be a function or {' or '.join(INITIALISERS)}; got {initialiser!r}"
        )
    return INITIALISERS[initialiser]


def check_flags(**flags: object) -> None:
    """Raise TypeError for a flag that is not a bool."""
    for name, flag in flags.items():
        if not isinstance(flag, bool):
            raise TypeError(f"{name} should be of type bool, got: {type(flag).__name__}")


def check_sizes(**sizes: object) -> None:
    """Raise TypeError for a size that is not an int, ValueError for one below 1."""
    for name, size in sizes.items():
        if not isinstance(size, int):
            raise TypeError(f"{name} should be of type int, got: {type(size).__name__}")
        if size < 1:
            raise ValueError(f"{name} must be greater than zero; got {size}")


def check_input(data: Tensor, input_size: int, weight: Tensor) -> None:
    """Raise TensorError for data (..., input_size) whose width, device or dtype does not fit the weights."""
    if data.shape[-1] != input_size:
        raise TensorError(f"input must have {input_size} features, the input_size; got {data.shape[-1]}")
    _check_kind("input", data, weight)


def check_state(
    parts: Sequence[Tensor], cell: Cell, hidden_size: int, leading: Sequence[int], weight: Tensor
) -> None:
    """Raise TensorError unless there is a tensor (*leading, width) for each state of the cell."""
    sizes = cell.state_sizes(hidden_size)
    if len(parts) != len(sizes):
        raise TensorError(f"hx must be {', '.join(sizes)} of {cell.name}; got {len(parts)} tensors")
    for (name, size), part in zip(sizes.items(), parts, strict=True):
        if part.shape != (*leading, size):
            raise TensorError(f"{name} of hx must have shape {(*leading, size)}; got {tuple(part.shape)}")
        _check_kind(f"{name} of hx", part, weight)


def _check_kind(what: str, data: Tensor, weight: Tensor) -> None:
    if data.device != weight.device:
        raise TensorError(f"{what} must be on the device of the weights, {weight.device}; got {data.device}")
    if data.dtype != weight.dtype and not casts(data, weight):
        raise TensorError(f"{what} must have the dtype of the weights, {weight.dtype}; got {data.dtype}")
