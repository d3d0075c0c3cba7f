"""A program and its gradient as equations, in the cell's own symbols."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import count

from torch import Tensor

from throughtime.cells import Cell
from throughtime.engine.gradient import GradientProgram, differentiate
from throughtime.engine.node import Node
from throughtime.engine.program import needed
from throughtime.engine.saved_values import saved
from throughtime.engine.trace import Traced, trace

_SIGNS = {"add": (" + ", 1), "sub": (" - ", 1), "mul": (" * ", 2), "div": (" / ", 2)}
_ATOM = 4


class Notation:
    """How the values of a step are written: named ones by name, others by their expression."""

    def __init__(self, traced: Traced, gradient: GradientProgram) -> None:
        program = traced.program
        self.labels, self.gates = traced.prelude.labels, program.gates
        self.names: dict[int, str] = {}
        for name, node in {**program.observed, **program.state}.items():
            self.names.setdefault(node.number, name)
        forward = program.nodes()
        back = [
            value for value in needed(gradient.ends()) if value.number > max(node.number for node in forward)
        ]
        uses = Counter(operand.number for node in forward + back for operand in node.inputs)
        for node in forward:
            if uses[node.number] > 1 and node.inputs and node.op not in ("columns", "spread"):
                self._name(node, "v")
        for number, d in gradient.of.items():
            if number in self.names and d.op not in ("columns", "spread", "d_state"):
                self.names.setdefault(d.number, f"d{self.names[number]}")
        for node in back:
            if uses[node.number] > 1 and node.inputs and node.op not in ("columns", "spread"):
                self._name(node, "e")
        self.forward = [node for node in forward if node.number in self.names]
        self.back = [node for node in back if node.number in self.names]

    def _name(self, node: Node, letter: str) -> None:
        """Name it by the first free of v1, v2, ..."""
        taken = set(self.names.values())
        free = next(name for k in count(1) if (name := f"{letter}{k}") not in taken)
        self.names.setdefault(node.number, free)

    def line(self, node: Node) -> str:
        """Return the equation of a named value."""
        return f"{self.names[node.number]} = {self._made(node)[0]}"

    def term(self, node: Node) -> tuple[str, int]:
        """Return a value as part of an equation, and its binding strength."""
        if node.number in self.names:
            return self.names[node.number], _ATOM
        return self._made(node)

    def _made(self, node: Node) -> tuple[str, int]:
        match node.op:
            case "constant":
                return f"{node.constant:g}", _ATOM
            case "input":
                return "wx", _ATOM
            case "state":
                return f"{node.attribute}(t-1)", _ATOM
            case "d_state":
                return f"d{node.attribute}(t)", _ATOM
            case "d_output":
                return "dy(t)", _ATOM
            case "noise" | "mask":
                return f"{node.attribute}{'(t)' * (node.op == 'noise')}", _ATOM
            case "fixed":
                return self.label(node.attribute), _ATOM
            case "columns":
                return self._columns(node), _ATOM
            case "product" | "product_t":
                mark = "'" if node.op == "product_t" else ""
                return f"{self.label(node.attribute)}{mark} {self.atom(node.inputs[0])}", 3
            case "neg":
                return f"-{self._bound(node.inputs[0], 3)}", 3
            case op if op in _SIGNS:
                sign, strength = _SIGNS[op]
                right = self._bound(node.inputs[1], strength + (op in ("sub", "div")))
                return f"{self._bound(node.inputs[0], strength)}{sign}{right}", strength
            case "spread" | "stop":
                return self.term(node.inputs[0])
            case op:
                return f"{op}({', '.join(self.term(operand)[0] for operand in node.inputs)})", _ATOM

    def _columns(self, node: Node) -> str:
        (source,), (start, stop) = node.inputs, node.attribute  # pyright: ignore[reportGeneralTypeIssues]
        width = stop - start
        if source.width == width * len(self.gates):
            return f"{self.atom(source)}.{self.gates[start // width]}"
        return f"{self.atom(source)}[{start}:{stop}]"

    def label(self, place: object) -> str:
        """Return the name of a prelude tensor: that of its parameter, or of a gate's part of one."""
        return self.labels.get(place, f"p{place}")  # pyright: ignore[reportArgumentType, reportCallIssue]

    def atom(self, node: Node) -> str:
        """Return a value in a form that can stand beside anything."""
        return self._bound(node, _ATOM)

    def _bound(self, node: Node, strength: int) -> str:
        text, own = self.term(node)
        return text if own >= strength else f"({text})"


def report(cell: Cell, hidden_size: int, weights: Mapping[str, Tensor]) -> Iterator[str]:
    """Yield the lines of a cell's forward program, its gradient program, and the values saved between."""
    traced = trace(cell, hidden_size, weights)
    gradient = differentiate(traced.program)
    notation = Notation(traced, gradient)
    yield f"{cell.name}, one step"
    yield from (f"  {notation.line(node)}" for node in notation.forward)
    values = saved(traced.program, gradient)
    size = sum(node.width for node in values) * next(iter(weights.values())).element_size()
    yield f"saved for backward, {size:,} bytes per row and step"
    yield f"  {', '.join(notation.term(node)[0] for node in values)}"
    yield "its gradient, one step back"
    yield from (f"  {notation.line(node)}" for node in notation.back)
    yield from (f"  {text}" for text in _results(notation, traced, gradient))


def _results(notation: Notation, traced: Traced, gradient: GradientProgram) -> Iterator[str]:
    rows: Mapping[str, Node | None] = {"wx": gradient.input} | {
        f"{name}(t-1)": d for name, d in gradient.state.items()
    }
    for name, node in rows.items():
        if node is not None:
            yield f"d{name} = {notation.term(node)[0]}"
    for place, node in gradient.fixed.items():
        yield f"d{notation.label(place)} += {notation.term(node)[0]}"
    for outer in gradient.outer:
        yield f"d{notation.label(outer.matrix)} += {notation.atom(outer.v)} (x) {notation.atom(outer.d)}"
