"""Cells made into layers."""

from throughtime.layers.convert import convert
from throughtime.layers.namesakes import GRU, LSTM, RNN
from throughtime.layers.quantise import register
from throughtime.layers.recurrent import Recurrent
from throughtime.layers.stream import Stream

register()

__all__ = ["GRU", "LSTM", "RNN", "Recurrent", "Stream", "convert"]
