"""Our layers in the place of torch's, in anyone's model."""

from __future__ import annotations

from typing import Any

from torch import nn

from throughtime.layers.namesakes import GRU, LSTM, RNN
from throughtime.layers.recurrent import Recurrent

def convert(module: nn.Module, backend: str = "auto") -> nn.Module:
    """Replaces every torch.nn.LSTM, GRU and RNN inside `module` by ours, in place, keeping the very same parameters.

    Returns the module, or its replacement where it is itself such a layer. A layer used in several places stays one.
    """
    replaced: dict[nn.Module, Recurrent] = {}

    def ours(child: nn.Module) -> nn.Module:
        if isinstance(child, nn.RNNBase) and child not in replaced:
            replaced[child] = _replacement(child, backend)
        return replaced.get(child, child)

    for parent in list(module.modules()):
        for name, child in parent._modules.items():  # pyright: ignore[reportPrivateUsage] (children() drops repeats)
            if child is not None:
                parent._modules[name] = ours(child)  # pyright: ignore[reportPrivateUsage]
    return ours(module)


def _replacement(layer: nn.RNNBase, backend: str) -> Recurrent:
    kind, own = _namesake(layer)
    shared = ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional")
    options = {name: getattr(layer, name) for name in (*shared, *own)}
    new = kind(**options, backend=backend, device="meta")
    for name, parameter in layer.named_parameters():
        setattr(new, name, parameter)
    return new.train(layer.training)


def _namesake(layer: nn.RNNBase) -> tuple[type[Any], tuple[str, ...]]:
    """Our class for one of torch's, and the arguments that it alone has."""
    if isinstance(layer, nn.LSTM):
        return LSTM, ("proj_size",)
    if isinstance(layer, nn.GRU):
        return GRU, ()
    return RNN, ("nonlinearity",)
