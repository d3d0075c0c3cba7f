"""The arguments that layers and cell modules share, checked."""

from __future__ import annotations

from throughtime.cells import Cell, cell_named
from throughtime.cells.initialise import INITIALISERS, Initialiser
from throughtime.cells.registry import without_constants


def as_cell(cell: object) -> Cell:
    """The cell that is meant by a `Cell`, its class or the name of a built-in one."""
    if isinstance(cell, str):
        return cell_named(cell)
    if isinstance(cell, type) and issubclass(cell, Cell):
        return without_constants(cell)
    if not isinstance(cell, Cell):
        raise ValueError(f"cell must be a Cell, its class or the name of a built-in one; got {cell!r}")
    return cell


def as_initialiser(initialiser: Initialiser | str) -> Initialiser:
    """The initialiser that is meant by a function or a name."""
    if not isinstance(initialiser, str):
        return initialiser
    if initialiser not in INITIALISERS:
        raise ValueError(
            f"initialiser must be a function or {' or '.join(INITIALISERS)}; got {initialiser!r}"
        )
    return INITIALISERS[initialiser]


def check_flags(**flags: object) -> None:
    """Raises TypeError for a flag that is not a bool."""
    for name, flag in flags.items():
        if not isinstance(flag, bool):
            raise TypeError(f"{name} should be of type bool, got: {type(flag).__name__}")


def check_sizes(**sizes: object) -> None:
    """Raises TypeError for a size that is not an int, ValueError for one below 1."""
    for name, size in sizes.items():
        if not isinstance(size, int):
            raise TypeError(f"{name} should be of type int, got: {type(size).__name__}")
        if size < 1:
            raise ValueError(f"{name} must be greater than zero; got {size}")
