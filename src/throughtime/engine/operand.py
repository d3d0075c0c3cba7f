"""Operands of a step's operations: rows, matrices of parameters, and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from throughtime.engine.node import Graph, Node

MOST_PIECES = 64
"""Maximum pieces into which one operation may cut a row."""


class Unsupported(ValueError):
    """A step does what the engine cannot; the message names it and the way out."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"{what}; backend='reference' runs it")


@dataclass(frozen=True)
class Matrix:
    """A matrix made of parameters, by its place in the prelude."""

    place: int
    rows: int
    columns: int


@dataclass(frozen=True)
class Rows:
    """A tensor with a row for each sequence, (B, *shape), whose columns are those of `node` in order."""

    node: Node
    shape: tuple[int, ...]

    @property
    def graph(self) -> Graph:
        """The graph of the node."""
        return self.node.graph


def axis_of(x: Rows, dim: int, what: str) -> int:
    """Return the axis of `x.shape` that is torch's dimension `dim`.

    Raises Unsupported if that is the dimension of the batch.
    """
    axis = dim % (len(x.shape) + 1) - 1
    if axis < 0:
        raise Unsupported(f"{what} along the batch mixes sequences, which the engine keeps apart")
    return axis


def joined(graph: Graph, parts: list[Node]) -> Node:
    """Return rows side by side.

    Raises Unsupported if there are too many.
    """
    if len(parts) > MOST_PIECES:
        raise Unsupported(f"the engine joins at most {MOST_PIECES} pieces of a row; got {len(parts)}")
    return parts[0] if len(parts) == 1 else graph.join(tuple(parts))


def cut(x: Node, pieces: int) -> list[Node]:
    """Cut a row into equal pieces."""
    width = x.width // pieces
    return [x.columns(k * width, (k + 1) * width) for k in range(pieces)]


def expanded(x: Node, shape: tuple[int, ...], to: tuple[int, ...]) -> Node:
    """Repeat a row of `shape` along its axes of size 1, as torch broadcasts, to the shape `to`."""
    if shape == to:
        return x
    if x.width == 1:
        return x.graph.spread(x, prod(to))
    if shape[0] == to[0]:
        pieces = [expanded(piece, shape[1:], to[1:]) for piece in cut(x, shape[0])]
    else:
        pieces = [expanded(x, shape[1:], to[1:])] * to[0]
    return joined(x.graph, pieces)
