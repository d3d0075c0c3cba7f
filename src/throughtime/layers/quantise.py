"""Our LSTM and GRU under torch.ao's dynamic quantisation, which turns them into torch's quantised layers."""

from __future__ import annotations

from collections.abc import MutableMapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from torch import nn

from throughtime.layers.namesakes import GRU, LSTM
from throughtime.layers.rnn_base import RNNBase

TABLES = "torch.ao.quantization.quantization_mappings"


class Quantised:
    """Turns one of our layers into torch's quantised layer; torch.ao calls `from_float`."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind

    def from_float(self, layer: RNNBase) -> nn.Module:
        """Quantise a layer.

        Raises ValueError for a layer without bias or with a projection, which torch's quantised layers lack.
        """
        if not layer.bias or layer.proj_size:
            raise ValueError(f"torch cannot quantise a layer without bias or with a projection; got {layer}")
        return self._kind.from_float(_float_layer(layer))


def register() -> None:
    """Add our classes to the table of classes that torch.ao quantises, if torch still has it."""
    if find_spec("torch.ao") is None or find_spec(TABLES) is None:
        return
    table: MutableMapping[Any, Any] = import_module(TABLES).DEFAULT_DYNAMIC_QUANT_MODULE_MAPPINGS
    dynamic = import_module("torch.ao.nn.quantized.dynamic")
    table.update({LSTM: Quantised(dynamic.LSTM), GRU: Quantised(dynamic.GRU)})


def _float_layer(layer: RNNBase) -> nn.Module:
    """Return the layer as an instance of its namesake in torch.nn, which torch's quantised classes accept."""
    kind: Any = getattr(nn, layer.mode)
    if type(layer) is kind:  # someone put our class into torch.nn
        return layer
    shape = (layer.input_size, layer.hidden_size, layer.num_layers)
    options = (layer.bias, layer.batch_first, layer.dropout, layer.bidirectional)
    theirs = kind(*shape, *options, device="meta")
    for name, parameter in layer.named_parameters():
        setattr(theirs, name, parameter)
    theirs.qconfig = layer.qconfig
    return theirs
