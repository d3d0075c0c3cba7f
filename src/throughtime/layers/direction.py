"""What one direction of one layer is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from throughtime.cells import Cell, Rows
from throughtime.layers.ragged import Ragged


@dataclass(frozen=True)
class Direction:
    """First states (B, width), parameters, and in training what is of chance, all by name.

    noise: the rows of every step; masks: those of a sequence, (B, width).
    """

    state: Rows
    weights: Mapping[str, Tensor]
    noise: Mapping[str, Ragged] = field(default_factory=dict)
    masks: Mapping[str, Tensor] = field(default_factory=dict)


def directions_of(
    cell: Cell,
    hidden_size: int,
    sequences: Ragged,
    states: Sequence[Rows],
    weights: Sequence[Mapping[str, Tensor]],
    training: bool,
) -> list[Direction]:
    """The directions of a layer, with what is of chance drawn for each where it is `training`."""
    declared = cell.noise(hidden_size) if training else {}
    like, steps, batch = weights[0]["weight_ih"], sequences.steps, sequences.batch

    def drawn(state: Rows, weight: Mapping[str, Tensor]) -> Direction:
        noise, masks = {}, {}
        for name, one in declared.items():
            if one.each_step:
                noise[name] = Ragged(one.draw(like, steps, batch), sequences.lengths, steps)
            else:
                masks[name] = one.draw(like, batch)
        return Direction(state, weight, noise, masks)

    return [drawn(state, weight) for state, weight in zip(states, weights, strict=True)]
