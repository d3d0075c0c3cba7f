"""One step of a cell by its equations under autograd, and the same by its programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from throughtime import Cell
from throughtime.engine.gradient import GradientProgram, differentiate
from throughtime.engine.node import Node
from throughtime.engine.program import Leaf, evaluate
from throughtime.engine.trace import Traced, trace

ROWS, INPUT, HIDDEN = 5, 4, 6


@dataclass
class OneStep:
    """Random weights, input and state of a cell in float64, and its programs."""

    cell: Cell
    weights: dict[str, Tensor]
    wx: Tensor
    state: dict[str, Tensor]
    traced: Traced
    gradient: GradientProgram

    def leaves(self) -> dict[Leaf, Tensor]:
        """What the programs read: input, state and the prelude."""
        found: dict[Leaf, Tensor] = {("input", "wx"): self.wx}
        found |= {("state", name): value for name, value in self.state.items()}
        for place, value in enumerate(self.traced.prelude.run(self.weights)):
            if value is not None and value.dim() == 2 and len(value) > 1:
                found["matrix", place] = value
            elif value is not None:
                found["fixed", place] = value.reshape(1, -1)
        return found

    def outputs(self) -> dict[str, Tensor]:
        """State and observed values by the program."""
        ends = {**self.traced.program.state, **self.traced.program.observed}
        values = values_of(ends.values(), self.leaves())
        return {name: values[node.number].expand(ROWS, node.width) for name, node in ends.items()}

    def gradients(self, seeds: Mapping[str, Tensor]) -> list[Tensor]:
        """Of input, states and weights, by the gradient program and the prelude."""
        leaves = self.leaves()
        read = {leaf: value.detach() for leaf, value in leaves.items()}
        later = {
            name: seed / 2 for name, seed in seeds.items()
        }  # by later steps; the output's other half, by whom it serves
        read |= {
            ("d_state", name): later[name] if k == 0 else seed for k, (name, seed) in enumerate(seeds.items())
        }
        read["d_output", None] = next(iter(later.values()))
        values = values_of(self.gradient.ends(), read)
        rows = [(self.gradient.input, self.wx)]
        rows += [(self.gradient.state[name], value) for name, value in self.state.items()]
        found = [
            torch.zeros_like(like) if node is None else values[node.number].expand(like.shape)
            for node, like in rows
        ]
        parts: dict[int, Tensor] = {}
        for place, node in self.gradient.fixed.items():
            parts[place] = values[node.number].expand(ROWS, node.width).sum(0)
        for one in self.gradient.outer:
            share = values[one.v.number].expand(ROWS, one.v.width).T @ values[one.d.number]
            parts[one.matrix] = parts.get(one.matrix, 0) + share
        slots = self.traced.prelude.run(self.weights)
        made = [(slots[place], d) for place, d in parts.items()]
        pairs = [(one, d.reshape(one.shape)) for one, d in made if one is not None and one.requires_grad]
        weights = list(self.weights.values())
        return found + grads([one for one, _ in pairs], weights, [d for _, d in pairs])


def one_step(cell: Cell, bias: bool = True) -> OneStep:
    """A step of the cell with random numbers everywhere."""

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, dtype=torch.float64).requires_grad_()

    weights = {name: draw(*shape) for name, shape in cell.weight_shapes(INPUT, HIDDEN, bias).items()}
    wx = draw(ROWS, len(cell.gates) * HIDDEN)
    state = {name: draw(ROWS, size) for name, size in cell.state_sizes(HIDDEN).items()}
    traced = trace(cell, HIDDEN, weights)
    return OneStep(cell, weights, wx, state, traced, differentiate(traced.program))


def grads(outputs: list[Tensor], inputs: list[Tensor], seeds: list[Tensor]) -> list[Tensor]:
    """Gradients of all inputs, zeros where there is none."""
    if not outputs:
        return [torch.zeros_like(one) for one in inputs]
    return list(torch.autograd.grad(outputs, inputs, seeds, allow_unused=True, materialize_grads=True))


def values_of(ends: Iterable[Node], leaves: Mapping[Leaf, Tensor]) -> dict[int, Tensor]:
    """The value of each end by its number."""
    ends = list(ends)
    return dict(zip((end.number for end in ends), evaluate(ends, leaves), strict=True))
