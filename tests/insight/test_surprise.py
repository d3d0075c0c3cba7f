"""A text coloured by surprise."""

from __future__ import annotations

import math
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from throughtime.insight.surprise import BITS, SHADES, coloured, legend, write_html

PIECES = ["a", "<b>", "\n", "&", "ü"]
NATS = np.array([0.0, 1.4, 1.6, 20.0, 2000.0]) * BITS * math.log(2)


def test_neighbours_of_one_shade_are_one_run() -> None:
    text = coloured(PIECES, NATS)
    assert text.plain == "a<b>\n&ü"
    assert [(span.start, span.end, span.style.bgcolor.name) for span in text.spans] == [  # type: ignore[union-attr]
        (0, 1, SHADES[0]),
        (1, 5, SHADES[1]),
        (5, 7, SHADES[-1]),
    ]


def test_the_legend_shows_every_shade() -> None:
    assert len(legend().spans) == len(SHADES)
    assert legend().plain.endswith(f" {BITS * (len(SHADES) - 1):g}+ ")


def test_the_page_holds_the_text_and_every_surprise(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    write_html(path, PIECES, NATS, "A & B")
    page = path.read_text(encoding="utf-8")
    text: list[str] = []
    reader = HTMLParser()
    reader.handle_data = text.append  # type: ignore[method-assign]
    reader.feed(page)
    assert "".join(PIECES) in "".join(text)
    assert "<title>A &amp; B</title>" in page
    assert page.count('title="') == len(PIECES)
    assert f'title="{1.4 * BITS:.1f}"' in page


def test_text_and_shade_have_contrast() -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    for span in legend().spans:
        style = span.style
        assert not isinstance(style, str)
        assert style.color is not None
        assert style.bgcolor is not None
        pair = sorted([luminance(style.bgcolor.name), 1.0 if style.color.name == "white" else 0.0])
        assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5, style.bgcolor.name


def test_no_text(tmp_path: Path) -> None:
    assert coloured([], np.zeros(0)).plain == ""
    with pytest.raises(ValueError, match="zip"):
        coloured(["a"], np.zeros(2))
