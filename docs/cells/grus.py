"""The diagrams of the gated units whose output is their memory."""

from __future__ import annotations

from drawing import Diagram, Node, cell_body
from matplotlib.figure import Figure


def gru() -> Figure:
    """The GRU whose reset gate multiplies the product U_n h."""
    d, h = _body(reset_at=5.3)
    u, reset = d.product(3.7, 5.2, "U_n"), d.operation(5.3, 5.2, "×")
    d.wire((h.x, 5.2), u.left)
    d.wire(u.right, reset.left)
    d.wire(reset.right, (6.92, 5.2))
    return d.figure


def gru_reset_before() -> Figure:
    """The GRU whose reset gate multiplies h before the product."""
    d, h = _body(reset_at=4.4)
    reset, u = d.operation(4.4, 5.2, "×"), d.product(5.8, 5.2, "U_n")
    d.wire((h.x, 5.2), reset.left)
    d.wire(reset.right, u.left)
    d.wire(u.right, (6.92, 5.2))
    return d.figure


def mgu() -> Figure:
    """The gated unit whose gate f both resets and updates."""
    d = cell_body(7.9, 0.7, (7.0, "h"))
    f, n = d.gate(4.4, 3.4, "f", r"\sigma", "forget"), d.gate(7.9, 5.2, "n", r"\tanh", "candidate")
    past, reset, u = d.split(2.1, 7.0, memory=True), d.operation(f.x, 5.2, "×"), d.product(5.8, 5.2, "U_n")
    join = d.pill(3.2, 1.9, "$x, h$")
    d.wire((past.x, past.y), (past.x, join.y), join.left)
    d.wire((d.split(past.x, reset.y).x, reset.y), reset.left)
    d.wire((join.x, 0.1), join.bottom)
    d.label(join.x + 0.2, 0.35, "$x(t)$", side="left")
    d.wire(join.right, (f.x, join.y), f.bottom)
    d.wire((d.split(join.x, 1.15).x, 1.15), (n.x, 1.15), n.bottom)
    d.wire(f.top, reset.bottom)
    d.wire(reset.right, u.left)
    d.wire(u.right, n.left)
    _one_gate_memory_line(d, f, n)
    return d.figure


def _body(reset_at: float) -> tuple[Diagram, Node]:
    """All of a GRU but the way from h(t-1), the node returned, to its candidate."""
    d = cell_body(7.9, 0.7, (7.0, "h"))
    r, z = d.gate(reset_at, 3.4, "r", r"\sigma", "reset"), d.gate(10.0, 3.4, "z", r"\sigma", "update")
    n, past = d.gate(7.9, 5.2, "n", r"\tanh", "candidate"), d.split(2.1, 7.0, memory=True)
    _inputs(d, past, r, z, n)
    _memory_line(d, z, n)
    d.wire(r.top, (r.x, 5.2 - 0.3))
    return d, d.split(past.x, 5.2)


def _inputs(d: Diagram, past: Node, r: Node, z: Node, n: Node) -> None:
    """x and h to both gates, x alone to the candidate."""
    join = d.pill(3.25, 1.9, "$x, h$")
    d.wire((past.x, past.y), (past.x, join.y), join.left)
    d.wire((join.x, 0.1), join.bottom)
    d.label(3.45, 0.35, "$x(t)$", side="left")
    d.wire(join.right, (z.x, join.y), z.bottom)
    d.wire((d.split(r.x, join.y).x, join.y), r.bottom)
    d.wire((d.split(join.x, 1.15).x, 1.15), (n.x, 1.15), n.bottom, bridge=True)


def _memory_line(d: Diagram, z: Node, n: Node) -> None:
    """h = (1 - z) n + z h along the top."""
    keep, plus = d.operation(z.x, 7.0, "×"), d.operation(11.7, 7.0, "+")
    write, rest = d.operation(plus.x, 5.2, "×"), d.pill(10.9, 4.42, "$1 - z$", 0.48)
    d.wire((0.2, 7.0), keep.left, memory=True)
    d.wire(keep.right, plus.left, memory=True)
    d.wire(plus.right, (13.8, 7.0), memory=True)
    d.wire(n.right, write.left)
    d.wire(z.top, keep.bottom, bridge=True)
    d.wire((d.split(z.x, rest.y).x, rest.y), rest.left)
    d.wire(rest.right, (write.x, rest.y), write.bottom)
    d.wire(write.top, plus.bottom)


def _one_gate_memory_line(d: Diagram, f: Node, n: Node) -> None:
    """h = (1 - f) h + f n along the top."""
    keep, plus, write = d.operation(10.0, 7.0, "×"), d.operation(11.7, 7.0, "+"), d.operation(11.7, 5.2, "×")
    rest = d.pill(keep.x, 4.2, "$1 - f$")
    d.wire((0.2, 7.0), keep.left, memory=True)
    d.wire(keep.right, plus.left, memory=True)
    d.wire(plus.right, (13.8, 7.0), memory=True)
    d.wire(n.right, write.left)
    d.wire(f.right, (write.x, f.y), write.bottom, bridge=True)
    d.wire((d.split(keep.x, f.y).x, f.y), rest.bottom)
    d.wire(rest.top, keep.bottom, bridge=True)
    d.wire(write.top, plus.bottom)
