"""The gradient program of a program, by reverse-mode differentiation of its row operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from throughtime.engine.node import Graph, Node
from throughtime.engine.operations import DERIVATIVE
from throughtime.engine.program import Program, needed


@dataclass(frozen=True)
class Outer:
    """A term of a matrix's gradient: the sum over rows and steps of v (outer) d."""

    matrix: int
    v: Node
    d: Node


@dataclass(frozen=True)
class GradientProgram:
    """One step back.

    It reads the values of the step and three kinds of leaves: `d_state`, the gradients of the new states from
    later steps; `d_output`, the further gradient of the first of them, which is the step's output;
    `d_observed`, the gradients of observed values by name.

    input: gradient of the input row. state: gradients of the previous state by name, None if unused. fixed:
    gradients of the prelude's vectors, still to be summed over rows and steps. outer: those of the matrices.
    of: the gradient of every value that has one, by the value's number.
    """

    input: Node | None
    state: Mapping[str, Node | None]
    fixed: Mapping[int, Node]
    outer: tuple[Outer, ...]
    of: Mapping[int, Node]

    def ends(self) -> list[Node]:
        """Return all results of the gradient program."""
        rows = [self.input, *self.state.values(), *self.fixed.values()]
        return [node for node in rows if node is not None] + [node for o in self.outer for node in (o.v, o.d)]


def differentiate(program: Program, observed: Iterable[str] = ()) -> GradientProgram:
    """Return the gradient program; its nodes are added to the graph of the program.

    observed: the names of the observed values through which gradients come too.
    """
    seen = {name: program.observed[name] for name in observed}
    ends = [*program.state.values(), *seen.values()]
    graph = ends[0].graph
    gradients = _Gradients(graph)
    for name, end in program.state.items():
        gradients.add(end, graph.node("d_state", (), name, end.width))
    gradients.add(ends[0], graph.node("d_output", (), None, ends[0].width))
    for name, end in seen.items():
        gradients.add(end, graph.node("d_observed", (), name, end.width))
    outer: list[Outer] = []
    leaves: dict[tuple[str, object], Node] = {}
    of: dict[int, Node] = {}
    for node in reversed(needed(ends)):
        d = gradients.of(node)
        if d is None:
            continue
        of[node.number] = d
        if node.op in ("input", "state", "fixed"):
            leaves[node.op, node.attribute] = d
        elif node.op == "product":
            (v,) = node.inputs
            outer.append(Outer(node.attribute, v, d))  # pyright: ignore[reportArgumentType]
            gradients.add(v, graph.product(d, node.attribute, v.width, transposed=True))  # pyright: ignore[reportArgumentType]
        elif node.op == "columns":
            gradients.add_columns(node.inputs[0], node.attribute[0], d)  # pyright: ignore[reportIndexIssue]
        elif node.op == "join":
            start = 0
            for part in node.inputs:
                gradients.add(part, d.columns(start, start + part.width))
                start += part.width
        elif node.op not in ("constant", "noise", "mask"):
            for operand, share in zip(node.inputs, DERIVATIVE[node.op](d, node, *node.inputs), strict=True):
                if share is not None:
                    gradients.add(operand, share)
    return GradientProgram(
        input=next((d for (op, _), d in leaves.items() if op == "input"), None),
        state={name: leaves.get(("state", name)) for name in program.state},
        fixed={place: d for (op, place), d in leaves.items() if op == "fixed"},  # pyright: ignore[reportArgumentType]
        outer=tuple(outer),
        of=of,
    )


class _Gradients:
    """The gradients accumulated so far: for whole values, and for some of their columns."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.whole: dict[int, Node] = {}
        self.parts: dict[int, dict[tuple[int, int], Node]] = {}

    def add(self, node: Node, share: Node) -> None:
        """Add a term to the gradient of `node`, summed if a narrow value was spread over a wide one."""
        if node.op == "constant":
            return
        if node.width < share.width:
            share = self.graph.sum(share)
        before = self.whole.get(node.number)
        self.whole[node.number] = share if before is None else before + share

    def add_columns(self, node: Node, start: int, share: Node) -> None:
        """Add a term to the gradient of the columns of `node` that begin at `start`."""
        parts = self.parts.setdefault(node.number, {})
        place = (start, start + share.width)
        parts[place] = parts[place] + share if place in parts else share

    def of(self, node: Node) -> Node | None:
        """Return the gradient of `node`, None if it has none."""
        whole, parts = self.whole.get(node.number), self.parts.get(node.number)
        if parts is None:
            return whole
        joined = self._joined(parts, node.width)
        return joined if whole is None else whole + joined

    def _joined(self, parts: Mapping[tuple[int, int], Node], width: int) -> Node:
        """Join all parts into one row: overlapping ones are added, gaps are 0."""
        edges = sorted({0, width} | {edge for place in parts for edge in place})
        pieces = []
        for start, stop in pairwise(edges):
            covering = [
                share.columns(start - a, stop - a)
                for (a, b), share in parts.items()
                if a <= start and stop <= b
            ]
            piece = self.graph.spread(self.graph.constant(0), stop - start)
            for k, share in enumerate(covering):
                piece = share if k == 0 else piece + share
            pieces.append(piece)
        return self.graph.join(tuple(pieces))
