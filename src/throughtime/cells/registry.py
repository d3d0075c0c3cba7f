"""Cells by the names that the command line and model files use."""

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
from throughtime.cells.user_modules import class_named
from throughtime.errors import InputError

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
    """Return the built-in cell of that name, or a user's own by "my_module:MyCell".

    The module is imported, from the current directory too. Raises InputError for an unknown name, a module or
    class that is not found, a module that fails on import, and a cell with a constant that has no default.
    """
    if name in CELLS:
        return without_constants(CELLS[name])
    if ":" not in str(name):  # str, since a class or a cell may be given by mistake
        raise InputError(
            f"there is no cell named {name!r}; the cells are {', '.join(CELLS)}, "
            "and my_module:MyCell for a cell of your own"
        )
    kind = class_named(name)
    if constants := _required_constants(kind):
        raise InputError(
            f"the cell {name} needs {', '.join(constants)}, which a name does not give; "
            "write a default in the class"
        )
    return kind()


def without_constants(kind: type[Cell]) -> Cell:
    """Return the cell of that class; raise InputError where it has a constant without a default."""
    if constants := _required_constants(kind):
        call = f"{kind.__name__}({', '.join(f'{name}=...' for name in constants)})"
        raise InputError(
            f"the cell {kind.__name__} needs {', '.join(constants)}; give the cell itself, {call}"
        )
    return kind()


def smallest(kind: type[Cell]) -> Cell:
    """Return the cell of that class with 1 for every constant that has no default, to try it with."""
    return kind(**dict.fromkeys(_required_constants(kind), 1))


def _required_constants(kind: type[Cell]) -> list[str]:
    constants = fields(kind)
    return [
        constant.name
        for constant in constants
        if constant.default is MISSING and constant.default_factory is MISSING
    ]
