from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.image import imread

from throughtime.errors import InputError
from throughtime.insight.charts import curves, labelled_map


def drawn(files: list[Path]) -> str:
    """The SVG of a picture, whose PNG is looked at too: it is not blank."""
    png, svg = files
    assert imread(png).std() > 0.01
    return svg.read_text()


def test_curves_name_series_places_and_axes(tmp_path: Path) -> None:
    files = curves(tmp_path / "c", {"one": [1, 2, 3], "other": [3, 1, 2]}, ["a", "b", "c"], "across", "up")
    assert [file.name for file in files] == ["c.png", "c.svg"]
    text = drawn(files)
    for name in ("one", "other", "across", "up"):
        assert f"<!-- {name} -->" in text


def test_a_map_numbers_its_points_and_tells_their_labels(tmp_path: Path) -> None:
    points = [(0.0, 1.0), (2.0, 2.0), (3.0, 0.0)]
    text = drawn(labelled_map(tmp_path / "m", points, ["a man", "a dog", "$x"], [0, 0, 1], "the plane"))
    for name in ("1  a man", "2  a dog", "the plane"):
        assert f"<!-- {name} -->" in text


def test_the_same_picture_is_the_same_file(tmp_path: Path) -> None:
    files = [curves(tmp_path / name, {"s": [1, 2]}, ["a", "b"], "x", "y")[1] for name in ("1", "2")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        curves(tmp_path / "nowhere" / "c", {"s": [1, 2]}, ["a", "b"], "x", "y")
