"""The recurrences, each written once as its equations."""

from throughtime.cells.cell import Cell, Noise, PreActivations, Product, Rows
from throughtime.cells.coupled import CoupledLSTM
from throughtime.cells.elman import Elman, ElmanReLU
from throughtime.cells.gru import GRU, GRUResetBefore
from throughtime.cells.indrnn import IndRNN
from throughtime.cells.layer_norm import LayerNormLSTM
from throughtime.cells.linear import LinearRecurrence
from throughtime.cells.lstm import LSTM, ProjectedLSTM
from throughtime.cells.minimal import MinimalGatedUnit
from throughtime.cells.modifiers import RecurrentDropout, VariationalDropout, WeightDrop, Zoneout
from throughtime.cells.peephole import PeepholeLSTM
from throughtime.cells.registry import CELLS, cell_named
from throughtime.cells.slstm import SLSTM

__all__ = [
    "CELLS",
    "GRU",
    "LSTM",
    "SLSTM",
    "Cell",
    "CoupledLSTM",
    "Elman",
    "ElmanReLU",
    "GRUResetBefore",
    "IndRNN",
    "LayerNormLSTM",
    "LinearRecurrence",
    "MinimalGatedUnit",
    "Noise",
    "PeepholeLSTM",
    "PreActivations",
    "Product",
    "ProjectedLSTM",
    "RecurrentDropout",
    "Rows",
    "VariationalDropout",
    "WeightDrop",
    "Zoneout",
    "cell_named",
]
