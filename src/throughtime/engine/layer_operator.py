"""A whole layer as one operator of torch, which is what its compiler and exporter put into their graphs."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from throughtime.engine.cell_text import cell_of
from throughtime.engine.operators import library
from throughtime.engine.scan import DirectionInputs, Result, scan

library.define(
    "layer(str cell, Tensor rows, Tensor? sizes, Tensor[] states, Tensor[] weights, Tensor[] noise,"
    " int directions, str[] observed) -> Tensor[]"
)


def layer(
    text: str,
    rows: Tensor,
    sizes: Tensor | None,
    directions: Sequence[DirectionInputs],
    observed: tuple[str, ...],
) -> list[Result]:
    """As `engine.scan.scan`, in a graph of torch's; text: that of the cell."""
    found = torch.ops.throughtime.layer(
        text,
        rows,
        sizes,
        [one for direction in directions for one in direction.state.values()],
        [one for direction in directions for one in direction.weights.values()],
        [one for direction in directions for one in direction.noise.values()],
        len(directions),
        list(observed),
    )
    each, names = len(found) // len(directions), tuple(directions[0].state)
    return [
        Result(
            found[k],
            dict(zip(names, found[k + 1 : k + 1 + len(names)], strict=True)),
            dict(zip(observed, found[k + 1 + len(names) : k + each], strict=True)),
        )
        for k in range(0, len(found), each)
    ]


def _by_text(
    text: str,
    rows: Tensor,
    sizes: Tensor | None,
    states: list[Tensor],
    weights: list[Tensor],
    noise: list[Tensor],
    directions: int,
    observed: list[str],
) -> list[Tensor]:
    cell = cell_of(text)
    each = len(weights) // directions
    hidden_size = len(weights[0]) // len(cell.gates)
    names = next(
        tuple(shapes)
        for bias in (True, False)
        if len(shapes := cell.weight_shapes(rows.shape[1], hidden_size, bias)) == each
    )
    drawn = tuple(cell.noise(hidden_size)) if noise else ()

    def named(names: Sequence[str], values: Sequence[Tensor], k: int) -> dict[str, Tensor]:
        return dict(zip(names, values[k * len(names) :], strict=False))

    given = [
        DirectionInputs(named(cell.state, states, k), named(names, weights, k), named(drawn, noise, k))
        for k in range(directions)
    ]
    results = scan(cell, rows, sizes, given, tuple(observed))
    return [value for one in results for value in (one.output, *one.state.values(), *one.observed.values())]


library.impl("layer", _by_text, "CompositeImplicitAutograd")
