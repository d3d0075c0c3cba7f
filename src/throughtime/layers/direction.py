"""The inputs of one direction of one layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from throughtime.cells import Cell, Noise, Rows
from throughtime.layers.ragged import Ragged


@dataclass(frozen=True)
class Direction:
    """Initial states (B, width), parameters, and random rows for training, all by name.

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
    """Return the directions of a layer, with random rows and dropped weights drawn for each if `training`."""
    declared = cell.noise(hidden_size) if training else {}
    like, steps, batch = weights[0]["weight_ih"], sequences.steps, sequences.batch

    def drawn(state: Rows, weight: Mapping[str, Tensor]) -> Direction:
        noise, masks = {}, {}
        own = drop_weights(cell, weight) if training else weight
        for name, source in declared.items():
            if source.each_step:
                noise[name] = Ragged(source.draw(like, steps, batch), sequences.lengths, steps)
            else:
                masks[name] = source.draw(like, batch)
        return Direction(state, own, noise, masks)

    return [drawn(state, weight) for state, weight in zip(states, weights, strict=True)]


def drop_weights(cell: Cell, weights: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Return the weights of one direction for one call in training, dropped as `weight_noise` declares."""
    probabilities = cell.weight_noise()
    if not probabilities:
        return weights
    return {**weights, **{name: _drop(weights[name], p) for name, p in probabilities.items()}}


def _drop(weight: Tensor, probability: float) -> Tensor:
    *rows, width = weight.shape
    return weight * Noise(width, 1 - probability, 1.0).draw(weight, *rows)
