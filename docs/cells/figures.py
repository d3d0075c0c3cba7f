"""Draws the figures of the cells' pages into `figures` here: `python docs/cells/figures.py [folder]`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from drawing import FILLS, MUTED, Diagram, Node, style
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

FOLDER = Path(__file__).parent / "figures"
WIDTH = 14.0
LEFT, RIGHT = 1.5, 12.5  # the sides of a cell's body
VANISHING, STEADY, EXPLODING = FILLS["o"][1], FILLS["i"][1], FILLS["f"][1]


def elman() -> Figure:
    """h = tanh(W x + U h)."""
    d = _simple_body()
    u, w = d.product(3.6, 3.1, "U"), d.product(6.2, 1.55, "W")
    plus, squash = d.operation(6.2, 3.1, "+"), d.pill(9.4, 3.1, "tanh or relu", 1.15)
    d.wire((0.2, 3.1), u.left, memory=True)
    d.wire(u.right, plus.left)
    d.wire((6.2, 0.1), w.bottom)
    d.wire(w.top, plus.bottom)
    d.wire(plus.right, squash.left)
    d.wire(squash.right, (13.8, 3.1), memory=True)
    d.label(7.35, 3.45, "$a(t)$", 11, MUTED)
    d.label(6.4, 0.35, "$x(t)$", side="left")
    return d.figure


def linear() -> Figure:
    """h = w1 (W x + w2 h)."""
    d = _simple_body()
    past, out = d.operation(3.6, 3.1, "×"), d.operation(9.4, 3.1, "×")
    w, plus = d.product(6.5, 1.55, "W"), d.operation(6.5, 3.1, "+")
    d.wire((0.2, 3.1), past.left, memory=True)
    d.wire(past.right, plus.left)
    d.wire((6.5, 0.1), w.bottom)
    d.wire(w.top, plus.bottom)
    d.wire(plus.right, out.left)
    d.wire(out.right, (13.8, 3.1), memory=True)
    for times, name in ((past, "$w_2$"), (out, "$w_1$")):
        d.wire((times.x, 2.0), times.bottom)
        d.label(times.x, 1.75, name)
    d.label(7.95, 3.42, "$s(t)$", 11, MUTED)
    d.label(6.7, 0.35, "$x(t)$", side="left")
    return d.figure


def lstm() -> Figure:
    """i, f, g, o from z = (x, h); c = f c + i g; h = o tanh(c)."""
    d, out = _lstm_up_to_output()
    d.wire(out.bottom, (out.x, 1.9), (13.8, 1.9))
    return d.figure


def projected_lstm() -> Figure:
    """As the LSTM, with h = W_hr (o tanh(c))."""
    d, out = _lstm_up_to_output()
    project = d.product(out.x, 3.0, "W_{hr}")
    d.wire(out.bottom, project.top)
    d.label(out.x + 0.15, 3.85, "$m(t)$", 11, MUTED, "left")
    d.wire(project.bottom, (out.x, 1.9), (13.8, 1.9))
    return d.figure


def gru() -> Figure:
    """The GRU whose reset gate multiplies the product U_n h."""
    d, h = _gru_body(reset_at=5.3)
    u, reset = d.product(3.7, 5.2, "U_n"), d.operation(5.3, 5.2, "×")
    d.wire((h.x, 5.2), u.left)
    d.wire(u.right, reset.left)
    d.wire(reset.right, (6.92, 5.2))
    return d.figure


def gru_reset_before() -> Figure:
    """The GRU whose reset gate multiplies h before the product."""
    d, h = _gru_body(reset_at=4.4)
    reset, u = d.operation(4.4, 5.2, "×"), d.product(5.8, 5.2, "U_n")
    d.wire((h.x, 5.2), reset.left)
    d.wire(reset.right, u.left)
    d.wire(u.right, (6.92, 5.2))
    return d.figure


def legend() -> Figure:
    """What the shapes of the diagrams mean."""
    d = Diagram(WIDTH, 1.9)
    d.gate(1.3, 1.3, "f", r"\sigma", "forget")
    d.product(3.9, 1.3, "W")
    d.operation(5.9, 1.3, "×")
    d.pill(7.8, 1.3, "tanh")
    d.pill(9.8, 1.3, "$x, h$")
    d.wire((10.9, 1.3), (12.1, 1.3), arrow=False)
    d.wire((d.split(11.5, 1.3).x, 1.3), (11.5, 0.75))
    d.wire((12.55, 1.3), (13.75, 1.3), memory=True)
    texts = {1.3: "gate: products,\nbias, squashing", 3.9: "matrix\nproduct", 5.9: "of each pair\nof values"}
    texts |= {7.8: "of each\nvalue", 9.8: "one after\nthe other", 11.5: "copy", 13.15: "memory"}
    for x, text in texts.items():
        d.label(x, 0.35, text, 8.5, MUTED)
    return d.figure


def linear_responses() -> Figure:
    """The linear unit's response to a single 1, decaying and growing."""
    figure = Figure(figsize=(7, 2.9), facecolor="white", layout="constrained")
    for axes, w, colour in zip(figure.subplots(1, 2), (0.9, 1.1), (VANISHING, EXPLODING), strict=True):
        tau = np.arange(13)
        y = w * (w * w) ** tau
        axes.vlines(tau, 0, y, color=colour, linewidth=2)
        axes.plot(tau, y, "o", color=colour, markersize=5)
        axes.set_title(f"$w_1 = w_2 = {w}$:  $w_1 w_2 = {w * w:.2f}$", fontsize=11)
        axes.set_xlabel(r"steps since the input, $\tau$")
        axes.set_ylim(0, None)
    figure.axes[0].set_ylabel(r"response  $w_1 (w_1 w_2)^\tau$")
    return figure


def elman_gradient() -> Figure:
    """The norm of the gradient through tau steps, by spectral radius, with tanh and without."""
    figure = Figure(figsize=(7, 3.4), facecolor="white", layout="constrained")
    axes = figure.subplots()
    for radius, colour in ((0.8, VANISHING), (1.0, STEADY), (1.25, EXPLODING)):
        u = radius * _unit_radius(64)
        axes.semilogy(_jacobian_norms(u, squash=False), color=colour, linestyle=(0, (4, 3)), linewidth=1.4)
        norms = _jacobian_norms(u, squash=True)
        axes.semilogy(norms, color=colour, linewidth=2)
        axes.text(61, norms[-1], rf"$\rho(U) = {radius}$", color=colour, va="center", fontsize=11)
    axes.set(xlabel=r"steps back, $\tau$", xlim=(0, 60), ylim=(1e-8, 1e8))
    axes.set_ylabel(r"$\Vert\, \partial h(t) \,/\, \partial h(t-\tau)\, \Vert$")
    axes.legend(*_line_styles(axes), loc="upper left", frameon=False)
    return figure


def lstm_memory() -> Figure:
    """What is left of a gradient along the memory, by the forget gate's pre-activation."""
    figure = Figure(figsize=(7, 3.0), facecolor="white", layout="constrained")
    axes = figure.subplots()
    tau, colours = np.arange(101), (EXPLODING, FILLS["g"][1], STEADY, VANISHING, FILLS["r"][1])
    for a, colour in zip((0, 1, 2, 4, 6), colours, strict=True):
        f = 1 / (1 + np.exp(-a))
        axes.plot(tau, f**tau, color=colour, linewidth=2, label=f"$a_f = {a}$,  $f = {f:.4f}$")
    axes.set(
        xlabel=r"steps back, $\tau$",
        ylabel=r"left of the gradient, $f^{\,\tau}$",
        xlim=(0, 100),
        ylim=(0, 1.02),
    )
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return figure


def draw(name: str, folder: Path) -> Path:
    """Writes one figure as SVG, the same bytes at every run with one version of matplotlib."""
    path = folder / f"{name}.svg"
    with style():
        FIGURES[name]().savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    return path


def draw_all(folder: Path) -> list[Path]:
    """Writes every figure into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return [draw(name, folder) for name in FIGURES]


def _simple_body() -> Diagram:
    d = Diagram(WIDTH, 4.3)
    d.body(LEFT, 0.8, RIGHT, 4.1)
    d.label(0.72, 3.5, "$h(t-1)$")
    d.label(13.25, 3.5, "$h(t)$")
    return d


def _lstm_up_to_output() -> tuple[Diagram, Node]:
    """All of an LSTM but the way from o tanh(c), the node returned, to h(t)."""
    d = Diagram(WIDTH, 7.9)
    d.body(LEFT, 0.9, RIGHT, 7.75)
    for y, past, now in ((7.0, "$c(t-1)$", "$c(t)$"), (1.9, "$h(t-1)$", "$h(t)$")):
        d.label(0.72, y + 0.4, past)
        d.label(13.25, y + 0.4, now)
    gates = _lstm_gates(d)
    return d, _lstm_memory_line(d, *gates)


def _lstm_gates(d: Diagram) -> tuple[Node, Node, Node, Node]:
    """The concatenated input and the four gates that it feeds: f, i, g, o."""
    join = d.pill(2.4, 1.9, "$x, h$")
    d.wire((0.2, 1.9), join.left)
    d.wire((2.4, 0.1), join.bottom)
    d.label(2.6, 0.4, "$x(t)$", side="left")
    d.label(6.3, 1.5, "$z(t) = (x(t), h(t-1))$", 11, MUTED)
    f = d.gate(3.7, 3.5, "f", r"\sigma", "forget")
    i = d.gate(5.8, 3.5, "i", r"\sigma", "input")
    g = d.gate(7.9, 3.5, "g", r"\tanh", "candidate")
    o = d.gate(10.0, 3.5, "o", r"\sigma", "output")
    for gate in (f, i, g):
        d.wire((d.split(gate.x, 1.9).x, 1.9), gate.bottom)
    d.wire(join.right, (o.x, 1.9), o.bottom)
    return f, i, g, o


def _lstm_memory_line(d: Diagram, f: Node, i: Node, g: Node, o: Node) -> Node:
    """c = f c + i g along the top, then o tanh(c), whose node it returns."""
    forget, write = d.operation(f.x, 7.0, "×"), d.operation(g.x, 5.3, "×")
    plus, show = d.operation(g.x, 7.0, "+"), d.operation(11.7, 4.75, "×")
    squash = d.pill(show.x, 5.9, "tanh")
    d.wire((0.2, 7.0), forget.left, memory=True)
    d.wire(forget.right, plus.left, memory=True)
    d.wire(plus.right, (13.8, 7.0), memory=True)
    d.wire(f.top, forget.bottom)
    d.wire(i.top, (i.x, 5.3), write.left)
    d.wire(g.top, write.bottom)
    d.wire(write.top, plus.bottom)
    d.wire((d.split(show.x, 7.0, memory=True).x, 7.0), squash.top)
    d.wire(squash.bottom, show.top)
    d.wire(o.top, (o.x, show.y), show.left)
    return show


def _gru_body(reset_at: float) -> tuple[Diagram, Node]:
    """All of a GRU but the way from h(t-1), the node returned, to its candidate."""
    d = Diagram(WIDTH, 7.9)
    d.body(LEFT, 0.7, RIGHT, 7.75)
    d.label(0.72, 7.4, "$h(t-1)$")
    d.label(13.25, 7.4, "$h(t)$")
    r, z = d.gate(reset_at, 3.4, "r", r"\sigma", "reset"), d.gate(10.0, 3.4, "z", r"\sigma", "update")
    n, past = d.gate(7.9, 5.2, "n", r"\tanh", "candidate"), d.split(2.1, 7.0, memory=True)
    _gru_inputs(d, past, r, z, n)
    _gru_memory_line(d, z, n)
    d.wire(r.top, (r.x, 5.2 - 0.3))
    return d, d.split(past.x, 5.2)


def _gru_inputs(d: Diagram, past: Node, r: Node, z: Node, n: Node) -> None:
    """x and h to both gates, x alone to the candidate."""
    join = d.pill(3.25, 1.9, "$x, h$")
    d.wire((past.x, past.y), (past.x, join.y), join.left)
    d.wire((join.x, 0.1), join.bottom)
    d.label(3.45, 0.35, "$x(t)$", side="left")
    d.wire(join.right, (z.x, join.y), z.bottom)
    d.wire((d.split(r.x, join.y).x, join.y), r.bottom)
    d.wire((d.split(join.x, 1.15).x, 1.15), (n.x, 1.15), n.bottom, bridge=True)


def _gru_memory_line(d: Diagram, z: Node, n: Node) -> None:
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


def _unit_radius(size: int) -> NDArray[np.float64]:
    """A random matrix whose largest eigenvalue has modulus 1."""
    u = np.random.default_rng(0).standard_normal((size, size))
    return u / np.abs(np.linalg.eigvals(u)).max()


def _jacobian_norms(u: NDArray[np.float64], squash: bool) -> NDArray[np.float64]:
    """Largest singular value of the product of 0 to 60 Jacobians D(t) U, from a run driven by noise."""
    draws, h, product = np.random.default_rng(1), np.zeros(len(u)), np.eye(len(u))
    norms = [1.0]
    for _ in range(60):
        h = np.tanh(u @ h + 0.1 * draws.standard_normal(len(u)))
        slope = 1 - h**2 if squash else np.ones(len(u))
        product = slope[:, None] * (u @ product)
        norms.append(float(np.linalg.norm(product, 2)))
    return np.array(norms)


def _line_styles(axes: Axes) -> tuple[list[Artist], list[str]]:
    dashed, solid = axes.lines[:2]
    return [solid, dashed], [r"tanh, driven by noise: $\prod D(t)\, U$", r"linear: $U^\tau$"]


FIGURES: Mapping[str, Callable[[], Figure]] = {
    figure.__name__: figure
    for figure in (
        legend,
        elman,
        elman_gradient,
        linear,
        linear_responses,
        lstm,
        lstm_memory,
        projected_lstm,
        gru,
        gru_reset_before,
    )
}

if __name__ == "__main__":
    for path in draw_all(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER):
        print(path)
