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


def check_sizes(**sizes: int) -> None:
    """Raises ValueError for a size below 1."""
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name} must be at least 1; got {size}")
