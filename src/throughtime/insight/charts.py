"""Pictures of measurements, each written as PNG and as SVG."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from throughtime.artefact.file import written_whole

INK, MUTED = "#2b3440", "#5b6673"
COLOURS = ("#2563b0", "#b4232f", "#2e7d32", "#a86a10", "#7b3fb0", "#0f766e")
MARKS = ("o", "s", "^", "D", "v", "P")
STYLE: Mapping[Any, Any] = {
    "svg.hashsalt": "throughtime",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
}

Series = Mapping[str, Sequence[float]]
"""By name, a value for each tick of the horizontal axis."""


def curves(path: Path, series: Series, places: Sequence[str], across: str, up: str) -> list[Path]:
    """Draw each series over the same ticks, whose labels are below; return the files.

    path: of the picture without its suffix.

    Raises InputError if it cannot be written.
    """
    with _drawn(path) as (axes, files):
        for k, (name, values) in enumerate(series.items()):
            axes.plot(values, marker=MARKS[k % len(MARKS)], color=COLOURS[k % len(COLOURS)], label=name)
        axes.set_xticks(range(len(places)), places)
        axes.set(xlabel=across, ylabel=up)
        axes.grid(axis="y", color="#e3e6ea", linewidth=0.8)
        axes.legend(frameon=False)
    return files


def labelled_map(
    path: Path, points: Sequence[tuple[float, float]], labels: Sequence[str], groups: Sequence[int], note: str
) -> list[Path]:
    """Draw numbered points, a colour for each group, with a numbered legend below; return the files.

    note: label of the horizontal axis.
    """
    with _drawn(path) as (axes, files):
        for number, ((x, y), label, group) in enumerate(zip(points, labels, groups, strict=True), 1):
            colour, mark = COLOURS[group % len(COLOURS)], MARKS[group % len(MARKS)]
            axes.plot(x, y, mark, color=colour, label=f"{number}  {label}")
            axes.annotate(
                str(number), (x, y), xytext=(7, 4), textcoords="offset points", color=colour, weight="bold"
            )
        axes.margins(0.1)
        axes.set(xlabel=note, xticks=[], yticks=[])
        below = axes.get_figure()
        assert isinstance(below, Figure)
        below.legend(
            loc="outside lower center", frameon=False, labelcolor="linecolor", ncols=_columns(labels)
        )
    return files


def _columns(labels: Sequence[str]) -> int:
    return 1 if max(map(len, labels)) > 30 else 2


def confusion(path: Path, counts: Sequence[Sequence[int]], labels: Sequence[str]) -> list[Path]:
    """Draw how often each label (a row) was predicted as which (a column); return the files.

    The darker, the larger the share of its row; the numbers are counts.

    Raises InputError if the picture cannot be written.
    """
    with _drawn(path) as (axes, files):
        shares = [[count / max(sum(row), 1) for count in row] for row in counts]
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for y, row in enumerate(counts):
            for x, count in enumerate(row):
                colour = "white" if shares[y][x] > 0.6 else INK
                axes.text(x, y, f"{count:,}", ha="center", va="center", color=colour)
        plain = {"parse_math": False}  # a label is not a formula
        axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right", rotation_mode="anchor", **plain)
        axes.set_yticks(range(len(labels)), labels, **plain)
        axes.set(xlabel="taken for", ylabel="is")
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
    return files


@contextmanager
def _drawn(path: Path) -> Generator[tuple[Axes, list[Path]]]:
    """Yield axes to draw on, and the files of the drawing."""
    with canvas(path, (7.4, 4.4)) as (figure, files):
        yield figure.subplots(), files


@contextmanager
def canvas(
    path: Path, inches: tuple[float, float], endings: Sequence[str] = ("png", "svg")
) -> Generator[tuple[Figure, list[Path]]]:
    """Yield a figure in the style of all pictures, and its files, which are written when the block ends.

    path: of the picture without its suffix.

    Raises InputError if it cannot be written.
    """
    files = [path.with_name(f"{path.name}.{ending}") for ending in endings]
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        figure = Figure(figsize=inches, facecolor="white", layout="constrained")
        yield figure, files
        for file in files:
            kind = file.suffix[1:]
            undated = {"Date": None} if kind == "svg" else None
            with written_whole(file) as temporary:
                figure.savefig(temporary, format=kind, dpi=160, metadata=undated)
