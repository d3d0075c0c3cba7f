"""Recurrent layers built from cells."""

from throughtime.layers.cell_modules import GRUCell, LSTMCell, RecurrentCell, RNNCell
from throughtime.layers.convert import convert
from throughtime.layers.namesakes import GRU, LSTM, RNN
from throughtime.layers.quantise import register
from throughtime.layers.recurrent import Recurrent
from throughtime.layers.stream import Stream

register()

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "GRUCell",
    "LSTMCell",
    "RNNCell",
    "Recurrent",
    "RecurrentCell",
    "Stream",
    "convert",
]
