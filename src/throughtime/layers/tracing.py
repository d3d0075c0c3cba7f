"""Layers in the graphs of torch.fx, and refusal of torch's older graphs."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.fx import Proxy, Tracer


def call_as_leaf(layer: nn.Module, input: Proxy, hx: Any, lengths: Any, mask: Any) -> Any:
    """Add one node to a graph of torch.fx that calls the whole layer.

    Raises RuntimeError if the layer itself is the traced module.
    """
    tracer = input.tracer
    if not isinstance(tracer, Tracer) or tracer.root is layer:
        raise RuntimeError(
            f"torch.fx calls throughtime.{type(layer).__name__} as a whole: trace a module that has it "
            "as a submodule"
        )
    options = {"hx": hx, "lengths": lengths, "mask": mask}
    arguments = {name: value for name, value in options.items() if value is not None}
    return tracer.create_proxy("call_module", tracer.path_of_module(layer), (input,), arguments)


def refuse_jit_trace(layer: nn.Module) -> None:
    """Raise RuntimeError under torch.jit.trace, whose graph would fix the number of steps."""
    if not torch.compiler.is_compiling() and torch.jit.is_tracing():  # pyright: ignore[reportPrivateImportUsage]
        raise RuntimeError(
            f"torch.jit.trace supports only throughtime.LSTM, GRU and RNN, not {type(layer).__name__}: "
            "use torch.export"
        )
