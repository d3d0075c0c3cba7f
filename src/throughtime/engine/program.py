"""A program: the row operations of one step in order, from its inputs to its results."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from throughtime.engine.node import Node
from throughtime.engine.operations import MEANING


@dataclass(frozen=True)
class Program:
    """One step of a cell as row operations.

    state: the new state by name. observed: the observable values by name. The leaves are `input` (the row
    W x(t) + b, packed), `state` (the previous state of that name), `noise` and `mask` (random, drawn for each
    step or once per sequence), `fixed` (a vector of the prelude, by its place) and constants. The matrices of
    products are in the prelude too, (v.width, width) each.
    """

    state: Mapping[str, Node]
    observed: Mapping[str, Node]
    cell: str
    gates: tuple[str, ...]

    def nodes(self) -> list[Node]:
        """Return all nodes needed for state and observed, operands before results."""
        return needed([*self.state.values(), *self.observed.values()])

    def written(self) -> tuple[object, ...]:
        """Return it as values to compare: equal for programs that do the same."""
        lines = [
            (
                node.number,
                node.op,
                tuple(operand.number for operand in node.inputs),
                node.attribute,
                node.width,
            )
            for node in self.nodes()
        ]
        ends = {**self.state, **self.observed}
        return (*lines, *((name, node.number) for name, node in ends.items()))


def needed(ends: Iterable[Node], sources: Collection[int] = ()) -> list[Node]:
    """Return `ends` and all they depend on, as far back as the nodes in `sources`, in order of creation."""
    reached: dict[int, Node] = {}
    waiting = list(ends)
    while waiting:
        node = waiting.pop()
        if node.number not in reached:
            reached[node.number] = node
            waiting += () if node.number in sources else node.inputs
    return [reached[number] for number in sorted(reached)]


Leaf = tuple[str, object]


def evaluate(ends: Iterable[Node], leaves: Mapping[Leaf, Tensor]) -> Iterator[Tensor]:
    """Compute `ends` by torch's operations; leaves by operation and attribute, matrices as `matrix`."""
    ends = list(ends)
    values: dict[int, Tensor] = {}
    for node in needed(ends):
        values[node.number] = _value(node, [values[operand.number] for operand in node.inputs], leaves)
    return (values[node.number] for node in ends)


def _value(node: Node, inputs: list[Tensor], leaves: Mapping[Leaf, Tensor]) -> Tensor:
    match node.op:
        case "constant":
            like = next(iter(leaves.values()))
            return torch.tensor(node.constant, dtype=like.dtype).expand(1, 1)
        case "spread":
            return inputs[0].expand(-1, node.width)
        case "columns":
            start, stop = node.attribute  # pyright: ignore[reportGeneralTypeIssues]
            return inputs[0][:, start:stop]
        case "join":
            rows = max(len(part) for part in inputs)
            return torch.cat([part.expand(rows, -1) for part in inputs], 1)
        case "product":
            return inputs[0] @ leaves["matrix", node.attribute]
        case "product_t":
            return inputs[0] @ leaves["matrix", node.attribute].T
        case op if op in MEANING:
            return MEANING[op](*inputs)
        case op:
            return leaves[op, node.attribute]
