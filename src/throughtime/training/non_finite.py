"""A loss or gradient that is not finite, traced to the layer that it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from throughtime.errors import InputError
from throughtime.training.task import Task, load_tensors, tensors_of


class TrainingError(InputError):
    """Training cannot continue; the message says where it stopped, why, and what is saved."""


class Footing:
    """A copy of all that a loss changes: the buffers of the module, and the tensors of the task."""

    def __init__(self, task: Task) -> None:
        self._task, self._tensors = task, tensors_of(task)
        self._buffers = [(buffer, buffer.clone()) for buffer in task.module.buffers()]

    def restore(self) -> None:
        """Put the values of the copy back."""
        for buffer, value in self._buffers:
            buffer.copy_(value)
        self.restore_tensors()

    def restore_tensors(self) -> None:
        """Put the tensors of the task back."""
        load_tensors(self._task, self._tensors)


def trace_non_finite(module: nn.Module, run: Callable[[], Tensor]) -> str | None:
    """Return where the first non-finite number arises, by running a batch again under hooks.

    `run` computes the loss to back-propagate. The result names the first layer whose output is not finite, or
    else the first parameter, in the order of the backward pass, whose gradient is not; None where all are.
    """
    places: list[str] = []
    handles = [*_watch_outputs(module, places), *_watch_gradients(module, places)]
    try:
        loss = run()
        if not places:
            loss.backward()
    finally:
        for handle in handles:
            handle.remove()
        module.zero_grad(set_to_none=True)
    return places[0] if places else None


def _watch_outputs(module: nn.Module, places: list[str]) -> Iterator[RemovableHandle]:
    for name, layer in module.named_modules():
        place = f"the output of layer {name or 'model'} ({type(layer).__name__})"

        def look(_layer: nn.Module, _inputs: Any, output: Any, place: str = place) -> None:
            if not places and not all(_is_finite(t) for t in _tensors(output)):
                places.append(place)

        yield layer.register_forward_hook(look)


def _watch_gradients(module: nn.Module, places: list[str]) -> Iterator[RemovableHandle]:
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:

            def look(gradient: Tensor, name: str = name) -> None:
                if not places and not _is_finite(gradient):
                    places.append(f"the gradient of parameter {name}")

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
