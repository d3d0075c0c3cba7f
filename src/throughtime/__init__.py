"""Recurrent neural networks, whole: a recurrence is written once, as its equations."""

# First, since it sets what OpenMP reads when torch is loaded.
import throughtime.spinning  # noqa: F401  # pyright: ignore[reportUnusedImport]

# isort: split
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
]
