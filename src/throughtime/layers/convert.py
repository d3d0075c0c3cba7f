"""Replacement of torch's recurrent layers by ours in any model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from throughtime.layers.cell_modules import GRUCell, LSTMCell, RNNCell
from throughtime.layers.namesakes import GRU, LSTM, RNN
from throughtime.layers.recurrent import Recurrent

NAMESAKES: Mapping[type[nn.Module], tuple[type[Any], tuple[str, ...]]] = {
    nn.LSTM: (LSTM, ("proj_size",)),
    nn.GRU: (GRU, ()),
    nn.RNN: (RNN, ("nonlinearity",)),
}
"""Our class for each of torch's layers, and the arguments specific to it."""
CELLS: Mapping[type[nn.Module], tuple[type[Any], tuple[str, ...]]] = {
    nn.LSTMCell: (LSTMCell, ()),
    nn.GRUCell: (GRUCell, ()),
    nn.RNNCell: (RNNCell, ("nonlinearity",)),
}
"""The same for torch's cells, which have no backend."""
SHARED = ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional")


def convert(module: nn.Module, backend: str = "auto") -> nn.Module:
    """Replace every torch.nn.LSTM, GRU, RNN, LSTMCell, GRUCell and RNNCell in `module` by ours, in place.

    Parameters and hooks remain the same objects, and a layer used in several places remains one. A subclass
    of torch's layers may compute something else and is left as it is.

    Returns the module, or its replacement if it is itself such a layer.

    Raises ValueError, before anything is replaced, for a layer whose parameters are not those of torch.nn.
    """
    layers = [layer for layer in module.modules() if type(layer) in (*NAMESAKES, *CELLS)]
    ours: dict[nn.Module | None, nn.Module] = {layer: _replacement(layer, backend) for layer in layers}
    for parent in list(module.modules()):
        children = parent._modules  # pyright: ignore[reportPrivateUsage] (named_children() drops repeats)
        children.update({name: ours.get(child, child) for name, child in children.items()})
    return ours.get(module, module)


def _replacement(layer: nn.Module, backend: str) -> nn.Module:
    new = _cell_like(layer) if type(layer) in CELLS else _layer_like(layer)
    parameters = dict(layer.named_parameters())
    if parameters.keys() != dict(new.named_parameters()).keys():
        raise ValueError(f"cannot convert {layer}: its parameters are {', '.join(parameters)}")
    for name, parameter in parameters.items():
        setattr(new, name, parameter)
    if isinstance(new, Recurrent):
        new.backend = backend  # only now that the weights are on their device
    vars(new).update({name: value for name, value in vars(layer).items() if "hook" in name})
    return new.train(layer.training)


def _layer_like(layer: nn.Module) -> nn.Module:
    kind, own = NAMESAKES[type(layer)]
    options = {name: getattr(layer, name) for name in (*SHARED, *own)}
    return kind(**options, device="meta")


def _cell_like(cell: nn.Module) -> nn.Module:
    kind, own = CELLS[type(cell)]
    options = {name: getattr(cell, name) for name in ("input_size", "hidden_size", "bias", *own)}
    return kind(**options, device="meta")
