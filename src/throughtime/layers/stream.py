"""One step at a time: the state of a layer while its input arrives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import linear

from throughtime.cells import Cell, Rows


class Stream:
    """Holds the state of a stack of one-directional layers and takes one step at a time, without gradients.

    `state` is the current state, one dictionary a layer, (B, width) by name; it may be read and set.
    """

    def __init__(self, cell: Cell, layers: Sequence[Mapping[str, Tensor]], first: Rows) -> None:
        self.cell = cell
        self._first = first
        self.input_size = layers[0]["weight_ih"].shape[1]
        self._steps = [_one_layer(cell, weights) for weights in layers]
        self.state: list[Rows] = []
        self.reset()

    def reset(self) -> None:
        """Goes back to the state before the first step."""
        self.state = [dict(self._first) for _ in self._steps]

    @torch.no_grad()
    def step(self, x: Tensor) -> Tensor:
        """Takes x (B, input_size), or (input_size) for a stream of one; the top layer's output, alike."""
        rows = x if x.dim() == 2 else x[None]
        expected = (len(self._first[self.cell.state[0]]), self.input_size)
        if rows.shape != expected:
            raise ValueError(f"this stream takes steps of shape {expected}; got {tuple(x.shape)}")
        for k, layer in enumerate(self._steps):
            self.state[k], _ = layer(rows, self.state[k])
            rows = self.state[k][self.cell.state[0]]
        return rows if x.dim() == 2 else rows[0]


def _one_layer(cell: Cell, weights: Mapping[str, Tensor]) -> Callable[[Tensor, Rows], tuple[Rows, Rows]]:
    step = cell.bind(weights)
    weight, bias = weights["weight_ih"], weights.get("bias_ih")
    return lambda x, state: step(linear(x, weight, bias), state)
