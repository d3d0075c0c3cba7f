"""The diagrams of the LSTM and its relatives."""

from __future__ import annotations

from drawing import MUTED, Diagram, Node, cell_body
from matplotlib.figure import Figure

FORGET, INPUT = ("f", r"\sigma", "forget"), ("i", r"\sigma", "input")
CANDIDATE, OUTPUT = ("g", r"\tanh", "candidate"), ("o", r"\sigma", "output")
GATE_TOP = 4.06
PEEP = 0.6  # how far to the left of a gate's middle its peephole meets it


def lstm() -> Figure:
    """i, f, g, o from z = (x, h); c = f c + i g; h = o tanh(c)."""
    d, out = _up_to_output()
    d.wire(out.bottom, (out.x, 1.9), (13.8, 1.9))
    return d.figure


def projected_lstm() -> Figure:
    """As the LSTM, with h = W_hr (o tanh(c))."""
    d, out = _up_to_output()
    project = d.product(out.x, 3.0, "W_{hr}")
    d.wire(out.bottom, project.top)
    d.label(out.x + 0.15, 3.85, "$m(t)$", 11, MUTED, "left")
    d.wire(project.bottom, (out.x, 1.9), (13.8, 1.9))
    return d.figure


def peephole_lstm() -> Figure:
    """As the LSTM, with c(t-1) to f and i, and c(t) to o."""
    d, out = _up_to_output()
    past, at = d.split(2.3, 7.0, memory=True), 4.75
    f, i, o = 3.7 - PEEP, 5.8 - PEEP, 10.0 - PEEP
    d.wire((past.x, past.y), (past.x, at), (i, at), (i, GATE_TOP), bridge=True)
    d.wire((d.split(f, at).x, at), (f, GATE_TOP))
    d.wire((d.split(o, 7.0, memory=True).x, 7.0), (o, GATE_TOP))
    d.wire(out.bottom, (out.x, 1.9), (13.8, 1.9))
    return d.figure


def coupled_lstm() -> Figure:
    """As the LSTM, with 1 - f for i."""
    d = cell_body(7.9, 0.9, (7.0, "c"), (1.9, "h"))
    f, g, o = _gates(d, (3.7, *FORGET), (7.9, *CANDIDATE), (10.0, *OUTPUT))
    rest, write = d.pill(5.8, 5.3, "$1 - f$"), d.operation(g.x, 5.3, "×")
    d.wire((d.split(f.x, rest.y).x, rest.y), rest.left)
    d.wire(rest.right, write.left)
    out = _memory_line(d, f, g, write, o)
    d.wire(out.bottom, (out.x, 1.9), (13.8, 1.9))
    return d.figure


def layer_norm_lstm() -> Figure:
    """As the LSTM, with W x, U h and c normalised before they are used."""
    d = cell_body(10.1, 0.9, (9.2, "c"), (1.9, "h"))
    plus = _normalised_products(d)
    places = (3.7, *FORGET), (5.8, *INPUT), (7.9, *CANDIDATE), (10.0, *OUTPUT)
    f, i, g, o = (d.gate(x, 4.6, *gate) for x, *gate in places)
    middle = d.split(plus.x, 3.2)
    d.wire(plus.top, (middle.x, middle.y), arrow=False)
    for inner, outer in ((i, f), (g, o)):
        d.wire((middle.x, middle.y), (outer.x, middle.y), outer.bottom)
        d.wire((d.split(inner.x, middle.y).x, middle.y), inner.bottom)
    _normalised_memory(d, f, i, g, o)
    return d.figure


def slstm() -> Figure:
    """c = f c + i g and n = f n + i; h = o c / n."""
    d = cell_body(8.6, 0.9, (7.7, "c"), (5.9, "n"), (1.9, "h"))
    f, i, g, o = _gates(d, (3.7, *FORGET), (5.8, "i", r"\exp", "input"), (7.9, *CANDIDATE), (10.0, *OUTPUT))
    c_forget, n_forget = d.operation(2.6, 7.7, "×"), d.operation(f.x, 5.9, "×")
    c_plus, n_plus, write = (
        d.operation(g.x, 7.7, "+"),
        d.operation(i.x, 5.9, "+"),
        d.operation(g.x, 4.95, "×"),
    )
    for forget, plus in ((c_forget, c_plus), (n_forget, n_plus)):
        d.wire((0.2, forget.y), forget.left, memory=True)
        d.wire(forget.right, plus.left, memory=True)
        d.wire(plus.right, (13.8, plus.y), memory=True)
    d.wire(f.top, n_forget.bottom)
    d.wire((d.split(f.x, 4.95).x, 4.95), (c_forget.x, 4.95), c_forget.bottom, bridge=True)
    d.wire(i.top, n_plus.bottom)
    d.wire((d.split(i.x, write.y).x, write.y), write.left)
    d.wire(g.top, write.bottom)
    d.wire(write.top, c_plus.bottom, bridge=True)
    _quotient(d, o)
    return d.figure


def _up_to_output() -> tuple[Diagram, Node]:
    """All of an LSTM but the way from o tanh(c), the node returned, to h(t)."""
    d = cell_body(7.9, 0.9, (7.0, "c"), (1.9, "h"))
    f, i, g, o = _gates(d, (3.7, *FORGET), (5.8, *INPUT), (7.9, *CANDIDATE), (10.0, *OUTPUT))
    write = d.operation(g.x, 5.3, "×")
    d.wire(i.top, (i.x, 5.3), write.left)
    return d, _memory_line(d, f, g, write, o)


def _gates(d: Diagram, *places: tuple[float, str, str, str]) -> list[Node]:
    """The concatenated input and the gates that it feeds, from left to right."""
    join = d.pill(2.4, 1.9, "$x, h$")
    d.wire((0.2, 1.9), join.left)
    d.wire((2.4, 0.1), join.bottom)
    d.label(2.6, 0.4, "$x(t)$", side="left")
    d.label(6.3, 1.5, "$z(t) = (x(t), h(t-1))$", 11, MUTED)
    gates = [d.gate(x, 3.5, *gate) for x, *gate in places]
    for gate in gates[:-1]:
        d.wire((d.split(gate.x, 1.9).x, 1.9), gate.bottom)
    d.wire(join.right, (gates[-1].x, 1.9), gates[-1].bottom)
    return gates


def _memory_line(d: Diagram, f: Node, g: Node, write: Node, o: Node) -> Node:
    """c along the top, multiplied by f and added to by `write`, then o tanh(c), whose node it returns."""
    forget, plus, show = d.operation(f.x, 7.0, "×"), d.operation(g.x, 7.0, "+"), d.operation(11.7, 4.75, "×")
    squash = d.pill(show.x, 5.9, "tanh")
    d.wire((0.2, 7.0), forget.left, memory=True)
    d.wire(forget.right, plus.left, memory=True)
    d.wire(plus.right, (13.8, 7.0), memory=True)
    d.wire(f.top, forget.bottom)
    d.wire(g.top, write.bottom)
    d.wire(write.top, plus.bottom)
    d.wire((d.split(show.x, 7.0, memory=True).x, 7.0), squash.top)
    d.wire(squash.bottom, show.top)
    d.wire(o.top, (o.x, show.y), show.left)
    return show


def _normalised_products(d: Diagram) -> Node:
    """norm(U h) + norm(W x) at the foot, whose sum is the node returned."""
    u, w = d.product(2.6, 1.9, "U"), d.product(10.3, 1.9, "W")
    past, now, plus = (
        d.pill(4.6, 1.9, "norm", 0.65),
        d.pill(8.3, 1.9, "norm", 0.65),
        d.operation(6.85, 1.9, "+"),
    )
    d.wire((0.2, 1.9), u.left)
    d.wire(u.right, past.left)
    d.wire(past.right, plus.left)
    d.wire((w.x, 0.1), w.bottom)
    d.label(w.x + 0.2, 0.4, "$x(t)$", side="left")
    d.wire(w.left, now.right)
    d.wire(now.left, plus.right)
    return plus


def _normalised_memory(d: Diagram, f: Node, i: Node, g: Node, o: Node) -> None:
    """c along the top, and h = o tanh(norm(c)) down to the foot."""
    forget, plus, write = d.operation(f.x, 9.2, "×"), d.operation(g.x, 9.2, "+"), d.operation(g.x, 6.6, "×")
    norm, squash, show = (
        d.pill(11.6, 8.1, "norm", 0.65),
        d.pill(11.6, 7.0, "tanh"),
        d.operation(11.6, 5.85, "×"),
    )
    d.wire((0.2, 9.2), forget.left, memory=True)
    d.wire(forget.right, plus.left, memory=True)
    d.wire(plus.right, (13.8, 9.2), memory=True)
    d.wire(f.top, forget.bottom)
    d.wire(i.top, (i.x, write.y), write.left)
    d.wire(g.top, write.bottom)
    d.wire(write.top, plus.bottom)
    d.wire((d.split(norm.x, 9.2, memory=True).x, 9.2), norm.top)
    d.wire(norm.bottom, squash.top)
    d.wire(squash.bottom, show.top)
    d.wire(o.top, (o.x, show.y), show.left)
    d.wire(show.bottom, (show.x, 1.9), (13.8, 1.9))


def _quotient(d: Diagram, o: Node) -> None:
    """c / n between their two lines, times o, to h(t)."""
    divide, show = d.pill(11.6, 6.8, "$c / n$"), d.operation(11.6, 4.75, "×")
    d.wire((d.split(divide.x, 7.7, memory=True).x, 7.7), divide.top)
    d.wire((d.split(10.4, 5.9, memory=True).x, 5.9), (10.4, divide.y), divide.left)
    d.wire(divide.bottom, show.top, bridge=True)
    d.wire(o.top, (o.x, show.y), show.left)
    d.wire(show.bottom, (show.x, 1.9), (13.8, 1.9))
