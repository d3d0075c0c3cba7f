"""The vocabulary of the cells' diagrams: gates, products, pointwise operations and the wires between them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Patch
from matplotlib.path import Path as Curve

from throughtime.insight import charts

Point = tuple[float, float]

WIDTH = 14.0
LEFT, RIGHT = 1.5, 12.5  # the sides of a cell's body
UNIT = 0.5  # inches; a diagram 14 units wide fills a page of 700 pixels with letters of 14
RADIUS = 0.3  # of a circle, in units
CORNER = 0.22
INK, MUTED, MEMORY, BODY, BODY_EDGE = charts.INK, charts.MUTED, "#1d4ed8", "#f5f6f8", "#c5cbd3"
FILLS = {  # by gate: inside and edge
    "f": ("#fbdcdf", "#b4232f"),
    "i": ("#dcf1da", "#2e7d32"),
    "g": ("#fdf0c8", "#a86a10"),
    "n": ("#fdf0c8", "#a86a10"),
    "o": ("#dbe8fc", "#2563b0"),
    "r": ("#ecdff9", "#7b3fb0"),
    "z": ("#d5f1ee", "#0f766e"),
}

STYLE: dict[Any, Any] = {
    **charts.STYLE,
    "svg.fonttype": "path",  # letters as outlines: every browser draws the same
    "mathtext.fontset": "stix",
}


@contextmanager
def style() -> Generator[None]:
    """The look of every figure, and what makes its file the same at every run."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


@dataclass(frozen=True)
class Node:
    """Where a shape stands, and the four points at which wires meet it."""

    x: float
    y: float
    half_width: float = 0.0
    half_height: float = 0.0

    @property
    def left(self) -> Point:
        return self.x - self.half_width, self.y

    @property
    def right(self) -> Point:
        return self.x + self.half_width, self.y

    @property
    def top(self) -> Point:
        return self.x, self.y + self.half_height

    @property
    def bottom(self) -> Point:
        return self.x, self.y - self.half_height


class Diagram:
    """A data-flow diagram of one step, `width` by `height` units; the memory runs along the top."""

    def __init__(self, width: float, height: float) -> None:
        self.figure = Figure(figsize=(width * UNIT, height * UNIT), facecolor="white")
        self.axes = self.figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height), aspect="equal")
        self.axes.set_axis_off()

    def body(self, left: float, bottom: float, right: float, top: float) -> None:
        """The cell itself: what lies outside is its input, its past and its output."""
        self._box(
            Node((left + right) / 2, (bottom + top) / 2, (right - left) / 2, (top - bottom) / 2), 0.35, 0
        )

    def gate(self, x: float, y: float, letter: str, function: str, name: str) -> Node:
        """A gate or candidate: matrix products, bias and squashing function."""
        node = Node(x, y, 0.98, 0.56)
        fill, edge = FILLS[letter]
        self._box(node, 0.16, 3, fill, edge, 1.5)
        self.label(x, y + 0.23, name, 9.5, color=edge)
        self.label(x, y - 0.2, rf"${letter} = {function}(a_{letter})$", 11.5)
        return node

    def product(self, x: float, y: float, matrix: str) -> Node:
        """A matrix product alone."""
        node = Node(x, y, 0.55, 0.42)
        self._box(node, 0.08, 3, "white", INK, 1.5)
        self.label(x, y, f"${matrix}$", 12)
        return node

    def pill(self, x: float, y: float, text: str, half_width: float = 0.58) -> Node:
        """A function of each value, or several vectors put one after the other."""
        node = Node(x, y, half_width, RADIUS)
        self._box(node, RADIUS, 3, "white", INK, 1.4)
        self.label(x, y, text, 11)
        return node

    def operation(self, x: float, y: float, sign: str) -> Node:
        """A pointwise operation of two vectors: × or +."""
        self._add(Circle((x, y), RADIUS, facecolor="white", edgecolor=INK, linewidth=1.5, zorder=3))
        arm = RADIUS * (0.42 if sign == "×" else 0.55)
        ends = [(1, 1), (1, -1)] if sign == "×" else [(1, 0), (0, 1)]
        for dx, dy in ends:
            across = [x - arm * dx, x + arm * dx], [y - arm * dy, y + arm * dy]
            self.axes.plot(*across, color=INK, linewidth=1.7, solid_capstyle="round", zorder=4)
        return Node(x, y, RADIUS, RADIUS)

    def split(self, x: float, y: float, memory: bool = False) -> Node:
        """A dot where one vector goes two ways."""
        self._add(Circle((x, y), 0.1, facecolor=MEMORY if memory else INK, linewidth=0, zorder=4))
        return Node(x, y)

    def wire(self, *points: Point, memory: bool = False, arrow: bool = True, bridge: bool = False) -> None:
        """A vector's way along the points, corners rounded; as a bridge it passes over what it crosses."""
        height = 2.2 if bridge else 2.0
        if bridge:
            self._stroke(points, "-", BODY, 7, height - 0.1)
        if memory:
            self._stroke(points, "-|>,head_width=3.2,head_length=5.5" if arrow else "-", MEMORY, 3.2, height)
        else:
            self._stroke(points, "-|>,head_width=2.6,head_length=5" if arrow else "-", INK, 1.6, height)

    def label(
        self, x: float, y: float, text: str, size: float = 12, color: str = INK, side: str = "center"
    ) -> None:
        """Text at a point; `side` is where the point lies on it."""
        self.axes.text(x, y, text, fontsize=size, color=color, ha=side, va="center", zorder=5)

    def _stroke(self, points: tuple[Point, ...], arrow: str, color: str, width: float, zorder: float) -> None:
        path = _rounded(points)
        look: dict[str, Any] = dict(joinstyle="miter", capstyle="butt", color=color, zorder=zorder)
        self._add(FancyArrowPatch(path=path, arrowstyle=arrow, mutation_scale=1.3, linewidth=width, **look))

    def _box(
        self,
        node: Node,
        rounding: float,
        zorder: float,
        fill: str = BODY,
        edge: str = BODY_EDGE,
        linewidth: float = 1.2,
    ) -> None:
        corner = (node.x - node.half_width, node.y - node.half_height)
        style = f"round,pad=0,rounding_size={rounding}"
        size = 2 * node.half_width, 2 * node.half_height
        look: dict[str, Any] = dict(facecolor=fill, edgecolor=edge, linewidth=linewidth)
        self._add(FancyBboxPatch(corner, *size, boxstyle=style, zorder=zorder, **look))

    def _add(self, patch: Patch) -> None:
        self.axes.add_patch(patch)


def cell_body(height: float, bottom: float, *states: tuple[float, str]) -> Diagram:
    """A diagram with the cell's body and, on both its sides, the names of its states, each above its line."""
    d = Diagram(WIDTH, height)
    d.body(LEFT, bottom, RIGHT, height - 0.15)
    for y, name in states:
        d.label(0.72, y + 0.4, f"${name}(t-1)$")
        d.label(13.25, y + 0.4, f"${name}(t)$")
    return d


def _rounded(points: tuple[Point, ...]) -> Curve:
    """A line through the points that takes each corner in a small arc."""
    vertices, codes = [points[0]], [int(Curve.MOVETO)]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        vertices += [_towards(corner, before), corner, _towards(corner, after)]
        codes += [int(Curve.LINETO), int(Curve.CURVE3), int(Curve.CURVE3)]
    return Curve([*vertices, points[-1]], [*codes, int(Curve.LINETO)])


def _towards(corner: Point, other: Point) -> Point:
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    part = CORNER / (abs(dx) + abs(dy))
    return corner[0] + dx * part, corner[1] + dy * part
