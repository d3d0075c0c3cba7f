"""A program: the row operations of one step in their order, from what it reads to what it gives."""

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

    state: the new state by name; observed: what the cell lets be seen, by name. The leaves are `input` (the
    row W x(t) + b, packed), `state` (the last state of that name), `noise` and `mask` (what is of chance,
    drawn for each step or for a sequence), `fixed` (a vector of the prelude, by its place) and constants. The
    matrices of products are the prelude's too, (v.width, width) each.
    """

    state: Mapping[str, Node]
    observed: Mapping[str, Node]
    cell: str
    gates: tuple[str, ...]

    def nodes(self) -> list[Node]:
        """Everything that has to be computed for state and observed, inputs before what is made of them."""
        return needed([*self.state.values(), *self.observed.values()])

    def written(self) -> tuple[object, ...]:
        """All of it as values to compare: two programs that do the same have the same."""
        lines = [
            (node.number, node.op, tuple(one.number for one in node.inputs), node.attribute, node.width)
            for node in self.nodes()
        ]
        ends = {**self.state, **self.observed}
        return (*lines, *((name, node.number) for name, node in ends.items()))


def needed(ends: Iterable[Node], given: Collection[int] = ()) -> list[Node]:
    """`ends` and all that they are made of, as far back as the nodes `given`, in the order of making."""
    found: dict[int, Node] = {}
    waiting = list(ends)
    while waiting:
        node = waiting.pop()
        if node.number not in found:
            found[node.number] = node
            waiting += () if node.number in given else node.inputs
    return [found[number] for number in sorted(found)]


Leaf = tuple[str, object]


def evaluate(ends: Iterable[Node], leaves: Mapping[Leaf, Tensor]) -> Iterator[Tensor]:
    """The values of `ends` by torch's operations; leaves by operation and attribute, matrices as `matrix`."""
    ends = list(ends)
    values: dict[int, Tensor] = {}
    for node in needed(ends):
        values[node.number] = _value(node, [values[one.number] for one in node.inputs], leaves)
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
            rows = max(len(one) for one in inputs)
            return torch.cat([one.expand(rows, -1) for one in inputs], 1)
        case "product":
            return inputs[0] @ leaves["matrix", node.attribute]
        case "product_t":
            return inputs[0] @ leaves["matrix", node.attribute].T
        case op if op in MEANING:
            return MEANING[op](*inputs)
        case op:
            return leaves[op, node.attribute]
