"""A map of words: groups of vectors projected to the plane, each point with its word beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from throughtime.errors import InputError
from throughtime.insight.charts import COLOURS, MARKS, MUTED, canvas
from throughtime.insight.labels import GAPS, Plane, place_labels

Method = Literal["pca", "tsne"]

MOST_WORDS = 200
"""On one picture; more would be unreadable."""

_INCHES = (9.6, 7.2)
_POINTS = 72  # an inch
_LETTERS = 8  # size of words, in points


def word_map(
    path: Path,
    groups: Mapping[str, Sequence[str]],
    vectors: NDArray[np.floating],
    method: Method = "tsne",
    seed: int = 0,
) -> list[Path]:
    """Draw words at the projections of their vectors, a colour for each group; return the files, PNG and SVG.

    path: of the picture without its suffix. groups: words by the group's name. vectors: (N, D), a row for
    each word in the order of the groups; only their directions matter. method: pca keeps the most variance,
    tsne the neighbours (van der Maaten and Hinton 2008).

    Raises InputError for other than 3 to 200 words, for another number of rows, for another method, and if a
    file cannot be written.
    """
    words = [word for group in groups.values() for word in group]
    _check(words, vectors, method)
    plane, note = _on_plane(_directions(vectors), method, seed)
    with canvas(path, _INCHES) as (figure, files):
        axes = figure.subplots()
        _draw_points(axes, groups, plane, note)
        _draw_words(figure, axes, _Labels(words, _colours(groups), plane))
    return files


def _check(words: Sequence[str], vectors: NDArray[np.floating], method: str) -> None:
    if method not in ("pca", "tsne"):
        raise InputError(f"method is {method}; expected pca or tsne")
    if not 3 <= len(words) <= MOST_WORDS:
        raise InputError(f"{len(words)} words were given; a map shows 3 to {MOST_WORDS}")
    if len(vectors) != len(words):
        raise InputError(f"{len(words)} words have {len(vectors)} vectors; expected as many")


def _directions(vectors: NDArray[np.floating]) -> Plane:
    rows = np.asarray(vectors, np.float64)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-30)


def _on_plane(rows: Plane, method: Method, seed: int) -> tuple[Plane, str]:
    """Return places (N, 2), and their meaning."""
    if method == "pca":
        kept = PCA(2, random_state=seed)
        plane = kept.fit_transform(rows)
        return plane, f"PCA: {100 * kept.explained_variance_ratio_.sum():.0f} % of the variance"
    perplexity = min(30.0, (len(rows) - 1) / 3)
    plane = TSNE(2, perplexity=perplexity, init="pca", method="exact", random_state=seed).fit_transform(rows)
    return np.asarray(plane, np.float64), "t-SNE: neighbours are near; distances across the map mean little"


def _draw_points(axes: Axes, groups: Mapping[str, Sequence[str]], plane: Plane, note: str) -> None:
    start = 0
    for number, (name, words) in enumerate(groups.items()):
        x, y = plane[start : start + len(words)].T
        start += len(words)
        axes.plot(x, y, _mark(number), color=_colour(number), markersize=4, linestyle="none", label=name)
    axes.margins(0.06)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)  # coordinates of the map have no meaning
    axes.set_xlabel(note, color=MUTED)
    if len(groups) > 1:
        figure = axes.get_figure()
        assert isinstance(figure, Figure)
        legend = figure.legend(
            loc="outside lower center", frameon=False, labelcolor="linecolor", ncols=6, handletextpad=0.1
        )
        for text in legend.get_texts():
            text.set_parse_math(False)


@dataclass(frozen=True)
class _Labels:
    words: Sequence[str]
    colours: Sequence[str]
    plane: Plane


def _draw_words(figure: Figure, axes: Axes, labels: _Labels) -> None:
    """Write the words where they do not cover one another; all lengths here are in points."""
    drawn = FigureCanvasAgg(figure)
    texts = [
        axes.annotate(
            word, xy, (0, 0), textcoords="offset points", size=_LETTERS, color=colour, parse_math=False
        )
        for word, xy, colour in zip(labels.words, labels.plane.tolist(), labels.colours, strict=True)
    ]
    for text in texts:
        text.set_in_layout(False)  # words stay inside by their places
    drawn.draw()  # determines the sizes of the axes and of the words
    figure.set_layout_engine("none")
    scale = _POINTS / figure.dpi
    boxes = [text.get_window_extent(drawn.get_renderer()) for text in texts]
    sizes = np.array([(box.width, box.height) for box in boxes]) * scale
    points = axes.transData.transform(labels.plane) * scale
    left, low, right, high = (float(edge) * scale for edge in axes.bbox.extents)
    middles = place_labels(points, sizes, (left, low, right, high))
    for text, point, middle in zip(texts, points, middles, strict=True):
        text.set_position(tuple((middle - point).tolist()))
        text.set(horizontalalignment="center", verticalalignment="center")
    _draw_leaders(axes, labels, points, middles, sizes)


def _draw_leaders(axes: Axes, labels: _Labels, points: Plane, middles: Plane, sizes: Plane) -> None:
    """Draw lines from distant words to their points."""
    nearest = np.clip(points, middles - sizes / 2, middles + sizes / 2)
    apart = np.linalg.norm(nearest - points, axis=1) > GAPS[1] * 0.9
    for row in np.flatnonzero(apart).tolist():
        axes.annotate(
            "",
            labels.plane[row].tolist(),
            tuple((nearest[row] - points[row]).tolist()),
            textcoords="offset points",
            arrowprops={"arrowstyle": "-", "color": labels.colours[row], "linewidth": 0.5, "alpha": 0.6},
        )


def _colours(groups: Mapping[str, Sequence[str]]) -> list[str]:
    return [_colour(number) for number, words in enumerate(groups.values()) for _ in words]


def _colour(group: int) -> str:
    return COLOURS[group % len(COLOURS)]


def _mark(group: int) -> str:
    """Return the mark of a group, different from that of an earlier group of the same colour."""
    return MARKS[(group + group // len(COLOURS)) % len(MARKS)]
