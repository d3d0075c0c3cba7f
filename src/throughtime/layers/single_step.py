"""One step of layers with gradients, by torch's cell kernels or else by the equations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn.functional import dropout, linear

from throughtime.cells import GRU, LSTM, Cell, Elman, ElmanReLU, Rows
from throughtime.layers.direction import drop_weights

Weights = Mapping[str, Tensor]

KERNELS: Mapping[type[Cell], Callable[..., Any]] = {
    LSTM: torch.lstm_cell,
    GRU: torch.gru_cell,
    Elman: torch.rnn_tanh_cell,
    ElmanReLU: torch.rnn_relu_cell,
}
"""For a single step these are faster than a scan of one step, forward and backward."""


class TakeStep(Protocol):
    """Takes one step."""

    def __call__(self, cell: Cell, weights: Weights, x: Tensor, state: Rows, training: bool) -> Rows:
        """Return the state after one step from `state`, (B, width) by name, with the input x (B, input_size).

        training: whether random rows and dropped weights are drawn for this step; otherwise rows are their
        means and no weight is dropped.
        """
        ...


def step(cell: Cell, weights: Weights, x: Tensor, state: Rows, training: bool) -> Rows:
    """Take a step by torch's kernel if there is one for the cell, else by its equations."""
    kernel = KERNELS.get(type(cell))
    if kernel is None:
        return step_by_equations(cell, weights, x, state, training)
    parts = [state[name] for name in cell.state]
    bias = (weights.get("bias_ih"), weights.get("bias_hh"))
    new = kernel(x, as_state(parts), weights["weight_ih"], weights["weight_hh"], *bias)
    return dict(zip(cell.state, new if len(parts) > 1 else (new,), strict=True))


def step_by_equations(cell: Cell, weights: Weights, x: Tensor, state: Rows, training: bool) -> Rows:
    """Take a step by the cell's own equations."""
    weights = drop_weights(cell, weights) if training else weights
    like, noise = weights["weight_ih"], {}
    if training:
        scale = cell.input_noise(x.shape[-1])
        x = x if scale is None else x * scale.draw(like, len(x))
        declared = cell.noise(len(like) // len(cell.gates))
        noise = {name: source.draw(like, len(x)) for name, source in declared.items()}
    new, _ = cell.bind(weights)(linear(x, like, weights.get("bias_ih")), state, noise)
    return new


def step_layers(
    take: TakeStep,
    cell: Cell,
    weights: Sequence[Weights],
    x: Tensor,
    states: Sequence[Rows],
    probability: float,
    training: bool,
) -> tuple[Tensor, list[Rows]]:
    """Take one step of stacked layers, with dropout of this probability between them.

    Returns the output of the top layer, (B, width), and the new state of each.
    """
    new: list[Rows] = []
    for k, (own, state) in enumerate(zip(weights, states, strict=True)):
        if k and probability:
            x = dropout(x, probability, training)
        new.append(take(cell, own, x, state, training))
        x = new[-1][cell.state[0]]
    return x, new


def as_state(parts: Sequence[Tensor]) -> Tensor | tuple[Tensor, ...]:
    """Return a state as modules take and return it: a tensor, or a tuple of several."""
    return tuple(parts) if len(parts) > 1 else parts[0]
