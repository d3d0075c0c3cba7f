"""One step at a time on the native scan: matrices packed once, the call laid out before the first step."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from throughtime.cells import Cell
from throughtime.engine.compiled import compiled
from throughtime.engine.inference import PackedWeights, PreparedCall
from throughtime.engine.native import address


class NativeStep:
    """A layer in one direction that holds its state, and its weights as they were at construction.

    `state` may be read, and written in place.
    """

    def __init__(self, cell: Cell, weights: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> None:
        hidden_size = weights["weight_ih"].shape[0] // len(cell.gates)
        input_size = weights["weight_ih"].shape[1]
        self._compiled = compiled(
            cell, hidden_size, "bias_ih" in weights, input_size, dtype=weights["weight_ih"].dtype
        )
        self._weights = dict(weights)
        contiguous = torch.contiguous_format
        self.state = {name: value.clone(memory_format=contiguous) for name, value in state.items()}
        self._batch, width = len(self.state[cell.state[0]]), cell.output_size(hidden_size)
        self._shapes = {1: (width,), 2: (self._batch, width)}
        self.refresh()

    def step(self, x: Tensor) -> Tensor:
        """Process x, contiguous, (B, input_size) or (input_size) of one sequence; the output is likewise."""
        output = self._like.new_empty(self._shapes[x.dim()])
        self._data[self._input] = address(x)
        self._data[self._output] = address(output)
        self._go()
        return output

    def refresh(self) -> None:
        """Read the current weights."""
        like = self._weights["weight_ih"].detach()
        self._like = like.new_empty(0)
        rows = like.new_empty(self._batch, like.shape[1])
        laid = PreparedCall(self._compiled, [PackedWeights(self._compiled, self._weights)], rows, self._batch)
        laid.begin([self.state])
        self._go, self._data, self._input, self._output = laid.go, laid.data[0], laid.input, laid.output
