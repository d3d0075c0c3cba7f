"""The built-in cells by the names that the command line and model files use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from throughtime.cells.cell import Cell
from throughtime.cells.elman import Elman, ElmanReLU
from throughtime.cells.gru import GRU, GRUResetBefore
from throughtime.cells.linear import LinearRecurrence
from throughtime.cells.lstm import LSTM, ProjectedLSTM

CELLS: Mapping[str, type[Cell]] = MappingProxyType(
    {
        "elman": Elman,
        "elman_relu": ElmanReLU,
        "linear": LinearRecurrence,
        "lstm": LSTM,
        "projected_lstm": ProjectedLSTM,
        "gru": GRU,
        "gru_reset_before": GRUResetBefore,
    }
)


def cell_named(name: str) -> Cell:
    """The built-in cell of that name, for cells that need no constant of their own.

    Raises ValueError for a name that is not in the table or a cell that asks for a constant, such as `proj_size`.
    """
    if name not in CELLS:
        raise ValueError(f"there is no cell named {name!r}; the cells are {', '.join(CELLS)}")
    try:
        return CELLS[name]()
    except TypeError as error:
        raise ValueError(f"the cell {name!r} needs a constant: {error}") from None
