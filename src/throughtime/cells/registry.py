"""The built-in cells by the names that the command line and model files use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from types import MappingProxyType

from throughtime.cells.cell import Cell
from throughtime.cells.coupled import CoupledLSTM
from throughtime.cells.elman import Elman, ElmanReLU
from throughtime.cells.gru import GRU, GRUResetBefore
from throughtime.cells.indrnn import IndRNN
from throughtime.cells.layer_norm import LayerNormLSTM
from throughtime.cells.linear import LinearRecurrence
from throughtime.cells.lstm import LSTM, ProjectedLSTM
from throughtime.cells.minimal import MinimalGatedUnit
from throughtime.cells.peephole import PeepholeLSTM
from throughtime.cells.slstm import SLSTM

CELLS: Mapping[str, type[Cell]] = MappingProxyType(
    {
        "elman": Elman,
        "elman_relu": ElmanReLU,
        "linear": LinearRecurrence,
        "indrnn": IndRNN,
        "lstm": LSTM,
        "projected_lstm": ProjectedLSTM,
        "peephole_lstm": PeepholeLSTM,
        "coupled_lstm": CoupledLSTM,
        "layer_norm_lstm": LayerNormLSTM,
        "slstm": SLSTM,
        "gru": GRU,
        "gru_reset_before": GRUResetBefore,
        "mgu": MinimalGatedUnit,
    }
)


def cell_named(name: str) -> Cell:
    """The built-in cell of that name, for cells that need no constant of their own.

    Raises ValueError for a name that is not in the table, and for a cell that asks for a constant.
    """
    if name not in CELLS:
        raise ValueError(f"there is no cell named {name!r}; the cells are {', '.join(CELLS)}")
    return without_constants(CELLS[name])


def without_constants(kind: type[Cell]) -> Cell:
    """The cell of that class.

    Raises ValueError where the class asks for a constant.
    """
    asked = _asked(kind)
    if asked:
        call = f"{kind.__name__}({', '.join(f'{name}=...' for name in asked)})"
        raise ValueError(f"the cell {kind.__name__} needs {', '.join(asked)}; give the cell itself, {call}")
    return kind()


def smallest(kind: type[Cell]) -> Cell:
    """The cell of that class with 1 for every constant that it asks for, to try it with."""
    return kind(**dict.fromkeys(_asked(kind), 1))


def _asked(kind: type[Cell]) -> list[str]:
    return [one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING]
