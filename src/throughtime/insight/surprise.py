"""A text coloured by how surprising each piece of it was to a model, in the terminal and as HTML."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.style import Style
from rich.text import Text

from throughtime.artefact.file import written_whole

SHADES = ("#ffffff", "#fff1e3", "#ffdcb8", "#ffbd88", "#ff9560", "#f8663f", "#d8372a", "#b01426")
"""From no surprise to the greatest; every shade but the last two has enough contrast with black."""

BITS = 1.5
"""How many bits each shade stands for."""

_DARK = 6  # the first shade on which text is white
_STYLE = """
body { max-width: 80ch; margin: 2rem auto; padding: 0 1rem; font: 16px/1.6 system-ui, sans-serif }
body { color: #000; background: #fff }
pre { font: 15px/1.7 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere }
span { padding: .1em 0 }
"""


def coloured(pieces: Sequence[str], nats: NDArray[np.float64]) -> Text:
    """Return the pieces (N) of a text for the terminal, each on the shade of its surprise -log p (N,)."""
    text = Text()
    for shade, run in _runs(pieces, nats):
        style = Style(color="white" if shade >= _DARK else "black", bgcolor=SHADES[shade])
        text.append("".join(piece for piece, _ in run), style)
    return text


def legend() -> Text:
    """Return the shades with what they stand for."""
    text = Text("surprise in bits: ")
    for shade, colour in enumerate(SHADES):
        more = "+" if shade == len(SHADES) - 1 else ""
        style = Style(color="white" if shade >= _DARK else "black", bgcolor=colour)
        text.append(f" {shade * BITS:g}{more} ", style)
    return text


def write_html(path: Path, pieces: Sequence[str], nats: NDArray[np.float64], title: str) -> None:
    """Write a page with the coloured text; the surprise of each piece shows where the mouse is on it."""
    shades = "\n".join(
        f".s{shade} {{ background: {colour}; color: {'#fff' if shade >= _DARK else '#000'} }}"
        for shade, colour in enumerate(SHADES)
    )
    key = " ".join(
        f'<span class="s{shade}">&nbsp;{shade * BITS:g}&nbsp;</span>' for shade in range(len(SHADES))
    )
    text = "".join(_element(shade, piece, bits) for shade, run in _runs(pieces, nats) for piece, bits in run)
    page = (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{escape(title)}</title>\n'
        f"<style>{_STYLE}{shades}\n</style>\n<h1>{escape(title)}</h1>\n<p>Surprise in bits: {key}</p>\n"
        f"<pre>{text}</pre>\n</html>\n"
    )
    with written_whole(path) as unfinished:
        unfinished.write_text(page, encoding="utf-8")


def _runs(pieces: Sequence[str], nats: NDArray[np.float64]) -> Iterator[tuple[int, list[tuple[str, float]]]]:
    """Yield neighbours of one shade, each piece with its bits."""
    bits = (nats / math.log(2)).tolist()
    for shade, run in groupby(zip(pieces, bits, strict=True), lambda each: _shade(each[1])):
        yield shade, list(run)


def _shade(bits: float) -> int:
    return min(int(bits / BITS), len(SHADES) - 1)


def _element(shade: int, piece: str, bits: float) -> str:
    return f'<span class="s{shade}" title="{bits:.1f}">{escape(piece)}</span>'
