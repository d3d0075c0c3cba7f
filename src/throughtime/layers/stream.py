"""One step at a time: the state of a layer while its input arrives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import linear

from throughtime.cells import Cell, Rows
from throughtime.engine.native import in_rows
from throughtime.errors import TensorError
from throughtime.layers.reference import pure_step

Step = TypeVar("Step", Tensor, NDArray[np.float32], NDArray[np.float64])


class Stepping(Protocol):
    """One layer that holds its state and takes one step at a time."""

    state: Rows

    def step(self, x: Tensor) -> Tensor:
        """Process x, contiguous, (B, input_size) or (input_size) of one sequence; the output is likewise."""
        ...

    def refresh(self) -> None:
        """Read the current weights."""
        ...


class ReferenceStep:
    """Takes steps by the cell's equations, with the weights as they were at construction."""

    def __init__(self, cell: Cell, weights: Mapping[str, Tensor], state: Rows) -> None:
        self._cell, self._weights, self._output = cell, weights, cell.state[0]
        self.state = {name: value.clone() for name, value in state.items()}
        self.refresh()

    def refresh(self) -> None:
        """Read the current weights."""
        weights = {name: value.detach().clone() for name, value in self._weights.items()}
        self._step = pure_step(self._cell, weights)
        self._weight, self._bias = weights["weight_ih"], weights.get("bias_ih")

    @torch.no_grad()
    def step(self, x: Tensor) -> Tensor:
        """Process x (B, input_size) or (input_size); the output is likewise."""
        rows = x if x.dim() == 2 else x[None]
        new, _ = self._step(linear(rows, self._weight, self._bias), self.state)
        for name, value in self.state.items():
            value.copy_(new[name])
        return new[self._output] if x.dim() == 2 else new[self._output][0]


class Stream:
    """Takes one step at a time through a stack of one-directional layers, without gradients.

    It holds the state, and the weights as they were when `stream()` was called: a step does not check whether
    the layer's weights have changed. After a change call `refresh()`, or create a new stream.
    """

    def __init__(self, layers: Sequence[Stepping], input_size: int, first: Rows) -> None:
        self._layers, self._first = layers, first
        batch = len(next(iter(first.values())))
        whole = torch.Size((batch, input_size))
        self._shapes = (whole, whole[1:]) if batch == 1 else (whole,)
        self._dtype, self._device = next(iter(first.values())).dtype, next(iter(first.values())).device

    @property
    def state(self) -> list[Rows]:
        """The current state, one dictionary per layer, (B, width) by name; it can be set."""
        return [{name: value.clone() for name, value in layer.state.items()} for layer in self._layers]

    @state.setter
    @torch.no_grad()
    def state(self, state: Sequence[Mapping[str, Tensor]]) -> None:
        for layer, new in zip(self._layers, state, strict=True):
            for name, value in layer.state.items():
                value.copy_(new[name])

    def reset(self) -> None:
        """Return to the state before the first step."""
        self.state = [self._first] * len(self._layers)

    def refresh(self) -> None:
        """Read the layer's current weights; the state is unchanged."""
        for layer in self._layers:
            layer.refresh()

    def step(self, x: Step) -> Step:
        """Process x (B, input_size), or (input_size) for a stream of one; the top layer's output is likewise.

        A tensor gives a tensor, a NumPy array an array.
        """
        if isinstance(x, np.ndarray):
            return self._stepped(torch.from_numpy(x)).numpy()  # pyright: ignore[reportReturnType]
        return self._stepped(x)

    def _stepped(self, x: Tensor) -> Tensor:
        if x.shape not in self._shapes:
            expected = tuple(self._shapes[0])
            raise TensorError(f"this stream takes steps of shape {expected}; got {tuple(x.shape)}")
        if x.dtype != self._dtype:
            raise TensorError(f"this stream takes steps of {self._dtype}, as the weights; got {x.dtype}")
        if x.device != self._device:
            raise TensorError(f"this stream takes steps on {self._device}, as the weights; got {x.device}")
        x = in_rows(x)
        for layer in self._layers:
            x = layer.step(x)
        return x
