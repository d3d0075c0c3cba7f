"""The recurrences, each written once as its equations."""

from throughtime.cells.cell import Cell, PreActivations, Product, Rows
from throughtime.cells.elman import Elman, ElmanReLU
from throughtime.cells.gru import GRU, GRUResetBefore
from throughtime.cells.linear import LinearRecurrence
from throughtime.cells.lstm import LSTM, ProjectedLSTM
from throughtime.cells.registry import CELLS, cell_named

__all__ = [
    "CELLS",
    "GRU",
    "LSTM",
    "Cell",
    "Elman",
    "ElmanReLU",
    "GRUResetBefore",
    "LinearRecurrence",
    "PreActivations",
    "Product",
    "ProjectedLSTM",
    "Rows",
    "cell_named",
]
