"""The readable back-end: a cell's own equations, one step at a time, on any device and in any dtype."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import linear

from throughtime.cells import Cell, Rows
from throughtime.cells.cell import NONE, BoundStep
from throughtime.engine.purity import Impure
from throughtime.layers.direction import Direction
from throughtime.layers.ragged import LayerResult, Ragged


class Reference:
    """Runs every cell by its `step`; its results define what other back-ends must compute."""

    def why_not(self, cell: Cell, hidden_size: int, weight: Tensor) -> str | None:
        return None

    def run(
        self,
        cell: Cell,
        sequences: Ragged,
        directions: Sequence[Direction],
        observed: tuple[str, ...] = (),
        text: str = "",
    ) -> LayerResult:
        if not torch.compiler.is_compiling() and torch.is_inference_mode_enabled():
            with torch.inference_mode(False), torch.no_grad():
                return self.run(cell, sequences, list(map(_counting_versions, directions)), observed)
        padded = sequences.as_padded()
        scans = [scan(cell, padded, direction, bool(k), observed) for k, direction in enumerate(directions)]
        outputs = torch.cat([output for output, _, _ in scans], -1)
        seen = [
            {name: sequences.with_data(value) for name, value in values.items()} for _, _, values in scans
        ]
        return LayerResult(sequences.with_data(outputs), [last for _, last, _ in scans], seen)


def scan(
    cell: Cell, sequences: Ragged, direction: Direction, reverse: bool, observed: tuple[str, ...] = ()
) -> tuple[Tensor, Rows, Rows]:
    """Run one direction of one layer.

    sequences: (T, B, I).

    Returns the outputs (T, B, width), the state after each sequence's last step, and the observed values, (T,
    B, width) by name. After the end of a sequence, outputs and observed values are 0.
    """
    step, weights, state = pure_step(cell, direction.weights), direction.weights, direction.state
    valid = None if sequences.lengths is None else sequences.valid()[..., None]
    rows = linear(_masked(sequences.data, valid), weights["weight_ih"], weights.get("bias_ih"))
    noise = {name: drawn.data for name, drawn in direction.noise.items()}
    outputs: list[Tensor] = [rows] * len(rows)
    seen: dict[str, list[Tensor]] = {name: [rows] * len(rows) for name in observed}
    for t in reversed(range(len(rows))) if reverse else range(len(rows)):
        new, values = step(
            rows[t], state, {**direction.masks, **{name: drawn[t] for name, drawn in noise.items()}}
        )
        state = new if valid is None else _where(valid[t], new, state)
        outputs[t] = state[cell.state[0]]
        for name in observed:
            seen[name][t] = values[name]
    stacked = {name: _masked(torch.stack(values), valid) for name, values in seen.items()}
    return _masked(torch.stack(outputs), valid), state, stacked


def pure_step(cell: Cell, weights: Mapping[str, Tensor]) -> BoundStep:
    """Return the cell's step with its weights, raising Impure if it writes to its input or previous state.

    A write that depends on values is not seen before it happens.
    """
    bound = cell.bind(weights)
    if torch.compiler.is_compiling():
        return bound

    def step(
        wx: Tensor, state: Mapping[str, Tensor], noise: Mapping[str, Tensor] = NONE
    ) -> tuple[Rows, Rows]:
        arguments = {"the input": wx, **state, **noise}
        before = _versions(arguments.values())
        results = bound(wx, state, noise)
        for name, old, new in zip(arguments, before, _versions(arguments.values()), strict=True):
            if old != new:
                raise Impure(cell.name, f"to {name}")
        return results

    return step


def _versions(tensors: Iterable[Tensor]) -> list[int]:
    """Return how often each tensor has been written to; inference tensors do not count it."""
    return [0 if tensor.is_inference() else tensor._version for tensor in tensors]


def _counting_versions(direction: Direction) -> Direction:
    """Return the direction with copies of states from inference mode, which do not count their versions."""
    state = {
        name: value.clone() if value.is_inference() else value for name, value in direction.state.items()
    }
    return Direction(state, direction.weights, direction.noise, direction.masks)


def _where(valid: Tensor, new: Rows, old: Rows) -> Rows:
    return {name: new[name].where(valid, old[name]) for name in new}


def _masked(values: Tensor, valid: Tensor | None) -> Tensor:
    return values if valid is None else values.where(valid, values.new_zeros(()))
