"""Recurrent neural networks, whole: a recurrence is written once, as its equations."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# First, since it sets what OpenMP reads when torch is loaded.
from throughtime.spinning import IS_COMMAND

if TYPE_CHECKING or not IS_COMMAND:  # the command line answers --help without torch
    from throughtime.cells import Cell
    from throughtime.layers import (
        GRU,
        LSTM,
        RNN,
        GRUCell,
        LSTMCell,
        Recurrent,
        RecurrentCell,
        RNNCell,
        Stream,
        convert,
    )

if TYPE_CHECKING:
    from throughtime.application.api import load, resume, train

__version__ = "0.1.0"

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Cell",
    "GRUCell",
    "LSTMCell",
    "RNNCell",
    "Recurrent",
    "RecurrentCell",
    "Stream",
    "convert",
    "load",
    "resume",
    "train",
]

_PLACES = {
    "Cell": "throughtime.cells",
    **dict.fromkeys(("load", "resume", "train"), "throughtime.application.api"),
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: applications always, the others within the command line."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(_PLACES.get(name, "throughtime.layers"))
    globals()[name] = value = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
