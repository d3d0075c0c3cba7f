"""A whole layer as one operator of torch, for the graphs of torch's compiler and exporter."""

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
    """As `engine.scan.scan`, in a graph of torch; text: that of the cell."""
    outputs = torch.ops.throughtime.layer(
        text,
        rows,
        sizes,
        [tensor for direction in directions for tensor in direction.state.values()],
        [tensor for direction in directions for tensor in direction.weights.values()],
        [tensor for direction in directions for tensor in direction.noise.values()],
        len(directions),
        list(observed),
    )
    each, names = len(outputs) // len(directions), tuple(directions[0].state)
    return [
        Result(
            outputs[k],
            dict(zip(names, outputs[k + 1 : k + 1 + len(names)], strict=True)),
            dict(zip(observed, outputs[k + 1 + len(names) : k + each], strict=True)),
        )
        for k in range(0, len(outputs), each)
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

    inputs = [
        DirectionInputs(named(cell.state, states, k), named(names, weights, k), named(drawn, noise, k))
        for k in range(directions)
    ]
    results = scan(cell, rows, sizes, inputs, tuple(observed))
    return [
        value
        for result in results
        for value in (result.output, *result.state.values(), *result.observed.values())
    ]


library.impl("layer", _by_text, "CompositeImplicitAutograd")
