"""The back-end of torch's own kernels, ATen, oneDNN or cuDNN, for the cells that torch has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from throughtime.cells import GRU, LSTM, Cell, Elman, ElmanReLU, ProjectedLSTM, Rows
from throughtime.layers.direction import Direction
from throughtime.layers.ragged import LayerResult, Ragged, are_known
from throughtime.layers.reference import Reference

KERNELS: Mapping[type[Cell], Callable[..., Any]] = {
    LSTM: torch.lstm,
    ProjectedLSTM: torch.lstm,
    GRU: torch.gru,
    Elman: torch.rnn_tanh,
    ElmanReLU: torch.rnn_relu,
}
ORDER = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
"""The order in which the kernels take the weights of one direction."""


class TorchKernels:
    """Runs LSTM, projected LSTM, GRU and both Elman cells; ragged batches are passed packed.

    Ragged batches in a graph of torch or under vmap, and batches of only empty sequences, run by the
    reference.
    """

    def why_not(self, cell: Cell, hidden_size: int, weight: Tensor) -> str | None:
        if type(cell) in KERNELS:
            return None
        return f"torch has kernels only for {', '.join(kind.__name__ for kind in KERNELS)}"

    def run(
        self,
        cell: Cell,
        sequences: Ragged,
        directions: Sequence[Direction],
        observed: tuple[str, ...] = (),
        text: str = "",
    ) -> LayerResult:
        if observed:
            raise ValueError(
                "torch's kernels do not expose the values of their steps: use backend='reference'"
            )
        weights, states = (
            [direction.weights for direction in directions],
            [direction.state for direction in directions],
        )
        if sequences.lengths is None:
            outputs, *last = _call(cell, (sequences.data,), _side_by_side(cell, states), weights, False)
            return LayerResult(sequences.with_data(outputs), _by_direction(cell, last), [])
        if not are_known(sequences.lengths):  # so the shape of the packed batch is unknown too
            return Reference().run(cell, sequences, directions)
        packed = sequences.packed
        if not len(packed.batch_sizes):  # the kernels take no batch without steps
            return Reference().run(cell, sequences, directions)
        sequences, count = sequences.as_packed(), int(packed.batch_sizes[0])
        first = _ordered(_side_by_side(cell, states), packed.sorted_indices)
        began = [state[:, :count] for state in first]
        rows, *last = _call(cell, (packed.data, packed.batch_sizes), began, weights)
        if count < first[0].shape[1]:  # empty sequences end as they began
            last = [torch.cat([end, start[:, count:]], 1) for end, start in zip(last, first, strict=True)]
        ended = _by_direction(cell, _ordered(last, packed.unsorted_indices))
        return LayerResult(sequences.with_rows(rows), ended, [])


def _call(
    cell: Cell,
    data: tuple[Tensor, ...],
    state: list[Tensor],
    weights: Sequence[Mapping[str, Tensor]],
    *layout: bool,
) -> tuple[Tensor, ...]:
    """Run one layer by torch's kernel; `data` is (T, B, I), or packed rows and their batch sizes."""
    flat = [direction[name] for direction in weights for name in ORDER if name in direction]
    first = state if len(cell.state) > 1 else state[0]
    inputs = (data[0], first) if len(data) == 1 else (*data, first)
    options = ("bias_ih" in weights[0], 1, 0.0, torch.is_grad_enabled(), len(weights) == 2)
    return KERNELS[type(cell)](*inputs, flat, *options, *layout)


def _side_by_side(cell: Cell, states: Sequence[Rows]) -> list[Tensor]:
    """Return each state of all directions as the kernels take them, (D, B, width)."""
    device = states[0][cell.state[0]].device.type
    with torch.autocast(device, enabled=False):  # which cannot stack float16 where its own dtype is bfloat16
        return [torch.stack([state[name] for state in states]) for name in cell.state]


def _by_direction(cell: Cell, last: Sequence[Tensor]) -> list[Rows]:
    count = len(last[0])
    # Indexed, not unpacked: torch does not allow changes in place to tensors unpacked together.
    return [dict(zip(cell.state, (part[k] for part in last), strict=True)) for k in range(count)]


def _ordered(states: Sequence[Tensor], order: Tensor | None) -> list[Tensor]:
    return [state if order is None else state.index_select(1, order) for state in states]
