"""A loss or gradient that is not finite: found, and traced to the layer that it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from throughtime.errors import InputError


class TrainingError(InputError):
    """Training cannot go on; the message says where it stopped, why, and what is kept."""


class Footing:
    """The buffers of a module, which a batch changes before the optimiser steps, taken down to go back to."""

    def __init__(self, module: nn.Module) -> None:
        self._buffers = [(buffer, buffer.clone()) for buffer in module.buffers()]

    def restore(self) -> None:
        """Go back."""
        for buffer, value in self._buffers:
            buffer.copy_(value)


def trace_non_finite(module: nn.Module, run: Callable[[], Tensor]) -> str | None:
    """Say where the first number that is not finite arises, running a batch again under hooks.

    `run` computes the loss to back-propagate. The answer names the first layer whose output is not finite, or
    else the first parameter, in the order of the backward pass, whose gradient is not; None where all are.
    """
    found: list[str] = []
    handles = [*_watch_outputs(module, found), *_watch_gradients(module, found)]
    try:
        loss = run()
        if not found:
            loss.backward()
    finally:
        for handle in handles:
            handle.remove()
        module.zero_grad(set_to_none=True)
    return found[0] if found else None


def _watch_outputs(module: nn.Module, found: list[str]) -> Iterator[RemovableHandle]:
    for name, layer in module.named_modules():
        place = f"the output of layer {name or 'model'} ({type(layer).__name__})"

        def look(_layer: nn.Module, _inputs: Any, output: Any, place: str = place) -> None:
            if not found and not all(_is_finite(t) for t in _tensors(output)):
                found.append(place)

        yield layer.register_forward_hook(look)


def _watch_gradients(module: nn.Module, found: list[str]) -> Iterator[RemovableHandle]:
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:

            def look(gradient: Tensor, name: str = name) -> None:
                if not found and not _is_finite(gradient):
                    found.append(f"the gradient of parameter {name}")

            yield parameter.register_hook(look)


def _is_finite(tensor: Tensor) -> bool:
    return not tensor.is_floating_point() or bool(torch.isfinite(tensor).all())


def _tensors(output: Any) -> Iterable[Tensor]:
    if isinstance(output, Tensor):
        yield output
    elif isinstance(output, Mapping):
        for value in output.values():
            yield from _tensors(value)
    elif isinstance(output, (tuple, list)):
        for value in output:
            yield from _tensors(value)
