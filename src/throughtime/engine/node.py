"""Row arithmetic as a graph: each node is one value of a step, computed from others by one operation.

A value is a row: `width` numbers for each sequence of the batch. A value of width 1 is spread over any width
it meets. Constants, and vectors of parameters, are the same for all rows and all steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate, pairwise, zip_longest

Number = float | int


@dataclass(frozen=True, eq=False, repr=False)
class Node:
    """One value: the operation that computes it, its operands and its width.

    Nodes of one graph that compute the same are the same object.
    """

    graph: Graph
    number: int
    op: str
    inputs: tuple[Node, ...]
    attribute: object
    width: int

    def __add__(self, other: Node | Number) -> Node:
        return self.graph.make("add", self, other)

    def __sub__(self, other: Node | Number) -> Node:
        return self.graph.make("sub", self, other)

    def __mul__(self, other: Node | Number) -> Node:
        return self.graph.make("mul", self, other)

    def __truediv__(self, other: Node | Number) -> Node:
        return self.graph.make("div", self, other)

    def __radd__(self, other: Number) -> Node:
        return self.graph.make("add", other, self)

    def __rsub__(self, other: Number) -> Node:
        return self.graph.make("sub", other, self)

    def __rmul__(self, other: Number) -> Node:
        return self.graph.make("mul", other, self)

    def __rtruediv__(self, other: Number) -> Node:
        return self.graph.make("div", other, self)

    def __neg__(self) -> Node:
        return self.graph.make("neg", self)

    def __repr__(self) -> str:
        return f"%{self.number}"

    @property
    def constant(self) -> float | None:
        """The number, if this node is a constant."""
        return self.attribute if self.op == "constant" else None  # pyright: ignore[reportReturnType]

    def columns(self, start: int, stop: int) -> Node:
        """Return the columns from `start` to before `stop`."""
        if (start, stop) == (0, self.width):
            return self
        if self.op == "spread":
            return self.graph.spread(self.inputs[0], stop - start)
        if self.op == "columns":
            first = self.attribute[0]  # pyright: ignore[reportIndexIssue]
            return self.inputs[0].columns(first + start, first + stop)
        return self.graph.node("columns", (self,), (start, stop), stop - start)


@dataclass
class Graph:
    """Creates nodes, each only once, and folds constants."""

    nodes: list[Node] = field(default_factory=list)
    _made: dict[tuple[object, ...], Node] = field(default_factory=dict)

    def node(self, op: str, inputs: tuple[Node, ...], attribute: object, width: int) -> Node:
        """Return the node of this operation on these inputs, an existing or a new one."""
        numbers = [operand.number for operand in inputs]
        key = (op, attribute, width, *(sorted(numbers) if op in ("add", "mul") else numbers))
        if key not in self._made:
            made = Node(self, len(self.nodes), op, inputs, attribute, width)
            self.nodes.append(made)
            self._made[key] = made
        return self._made[key]

    def constant(self, value: Number) -> Node:
        """Return a constant of the equations."""
        return self.node("constant", (), float(value), 1)

    def make(self, op: str, *operands: Node | Number) -> Node:
        """Return an elementwise operation on values and numbers, simplified where arithmetic allows it."""
        nodes = tuple(
            operand if isinstance(operand, Node) else self.constant(operand) for operand in operands
        )
        inputs = tuple(node.inputs[0] if node.op == "spread" else node for node in nodes)
        return self.spread(self._elementwise(op, inputs), max(node.width for node in nodes))

    def spread(self, x: Node, width: int) -> Node:
        """Return a narrow value spread over `width` columns."""
        return x if x.width == width else self.node("spread", (x,), None, width)

    def _elementwise(self, op: str, inputs: tuple[Node, ...]) -> Node:
        width = max(operand.width for operand in inputs)
        if any(operand.width not in (1, width) for operand in inputs):
            raise ValueError(
                f"{op} takes rows of one width; got {', '.join(str(operand.width) for operand in inputs)}"
            )
        numbers = [operand.constant for operand in inputs]
        if None not in numbers and op in FOLD:
            return self.constant(FOLD[op](*numbers))
        simpler = _simplified(op, inputs)
        if simpler is not None:
            return self.spread(simpler, width)
        return self.node(op, inputs, None, width)

    def sum(self, x: Node) -> Node:
        """Return the sum of each row, of width 1."""
        if x.op == "spread":
            return x.inputs[0] * x.width
        return x if x.width == 1 else self.node("sum", (x,), None, 1)

    def largest(self, x: Node) -> Node:
        """Return the largest number of each row, of width 1."""
        if x.op == "spread":
            return x.inputs[0]
        return x if x.width == 1 else self.node("largest", (x,), None, 1)

    def first_largest(self, x: Node) -> Node:
        """Return the largest number of each row, of width 1; the gradient goes to its first occurrence."""
        if x.op == "spread":
            return x.inputs[0]
        return x if x.width == 1 else self.node("first_largest", (x,), None, 1)

    def cumsum(self, x: Node) -> Node:
        """Return, for each column, the sum of the row up to it."""
        return x if x.width == 1 else self.node("cumsum", (x,), None, x.width)

    def reverse(self, x: Node) -> Node:
        """Return the columns of each row in reverse order."""
        if x.op == "reverse":
            return x.inputs[0]
        return x if x.width == 1 or x.op == "spread" else self.node("reverse", (x,), None, x.width)

    def stop(self, x: Node) -> Node:
        """Return the same value, through which no gradient passes."""
        if x.op == "spread":
            return self.spread(self.stop(x.inputs[0]), x.width)
        return x if x.op in ("constant", "stop") else self.node("stop", (x,), None, x.width)

    def join(self, parts: tuple[Node, ...]) -> Node:
        """Return rows side by side; all pieces of one row in their order are that row again."""
        ends = list(accumulate((part.width for part in parts), initial=0))
        source = parts[0].inputs[0] if parts[0].op == "columns" else parts[0]
        cut = (source.columns(*place) for place in pairwise(ends)) if source.width == ends[-1] else ()
        if all(part is piece for part, piece in zip_longest(parts, cut)):
            return source
        return self.node("join", parts, None, ends[-1])

    def product(self, v: Node, matrix: int, width: int, transposed: bool = False) -> Node:
        """Return each row times the matrix at this place of the prelude, or times its transpose."""
        return self.node("product_t" if transposed else "product", (v,), matrix, width)


def _simplified(op: str, inputs: tuple[Node, ...]) -> Node | None:
    """Return the input or constant that equals the operation whatever the values are, NaN included."""
    numbers = [operand.constant for operand in inputs]
    match op, numbers:
        case ("add", [0.0, _]) | ("mul", [1.0, _]):
            return inputs[1]
        case ("add", [_, 0.0]) | ("sub", [_, 0.0]) | ("mul", [_, 1.0]) | ("div", [_, 1.0]):
            return inputs[0]
        case ("neg", _) if inputs[0].op == "neg":
            return inputs[0].inputs[0]
        case ("add", _) if inputs[1].op == "neg":
            return inputs[0] - inputs[1].inputs[0]
        case ("select", _) if inputs[1] is inputs[2]:
            return inputs[1]
        case _:
            return None


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


FOLD: dict[str, Callable[..., float]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b if b else math.nan if not a else math.copysign(math.inf, a),
    "neg": lambda a: -a,
    "maximum": max,
    "minimum": min,
    "exp": lambda a: math.exp(min(a, 709.0)),
    "sigmoid": _sigmoid,
    "tanh": math.tanh,
}
"""Operations on constants, computed before anything runs."""
