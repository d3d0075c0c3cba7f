"""Draws the figures of the cells' pages into `figures` here: `python docs/cells/figures.py [folder]`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from drawing import LEFT, MUTED, RIGHT, WIDTH, Diagram, style
from grus import gru, gru_reset_before, mgu
from lstms import coupled_lstm, layer_norm_lstm, lstm, peephole_lstm, projected_lstm, slstm
from matplotlib.figure import Figure
from plots import elman_gradient, linear_responses, lstm_memory

FOLDER = Path(__file__).parent / "figures"


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


def indrnn() -> Figure:
    """h = relu(W x + u h)."""
    d = _simple_body()
    past, w = d.operation(3.6, 3.1, "×"), d.product(6.2, 1.55, "W")
    plus, squash = d.operation(6.2, 3.1, "+"), d.pill(9.4, 3.1, "relu")
    d.wire((0.2, 3.1), past.left, memory=True)
    d.wire(past.right, plus.left)
    d.wire((past.x, 2.0), past.bottom)
    d.label(past.x, 1.75, "$u$")
    d.wire((6.2, 0.1), w.bottom)
    d.wire(w.top, plus.bottom)
    d.wire(plus.right, squash.left)
    d.wire(squash.right, (13.8, 3.1), memory=True)
    d.label(7.75, 3.45, "$a(t)$", 11, MUTED)
    d.label(6.4, 0.35, "$x(t)$", side="left")
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


FIGURES: Mapping[str, Callable[[], Figure]] = {
    figure.__name__: figure
    for figure in (
        legend,
        elman,
        elman_gradient,
        linear,
        linear_responses,
        indrnn,
        lstm,
        lstm_memory,
        projected_lstm,
        peephole_lstm,
        coupled_lstm,
        layer_norm_lstm,
        slstm,
        gru,
        gru_reset_before,
        mgu,
    )
}

if __name__ == "__main__":
    for path in draw_all(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER):
        print(path)
