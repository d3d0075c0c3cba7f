from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from numpy.typing import NDArray

from throughtime.errors import InputError
from throughtime.insight.word_map import word_map

GROUPS = {"colours": ["red", "green", "blue"], "costs": ["$x", "a$b$c", "price_1"]}


def rows(groups: int = 2, each: int = 3) -> NDArray[np.floating]:
    draw = np.random.default_rng(0)
    return np.concatenate(
        [draw.normal(k, 0.3, (each, 6)) * 10 ** draw.normal(size=(each, 1)) for k in range(groups)]
    )


@pytest.mark.parametrize(("method", "note"), [("pca", "PCA: "), ("tsne", "t-SNE: neighbours are near")])
def test_words_and_groups_are_written(tmp_path: Path, method: str, note: str) -> None:
    png, svg = word_map(tmp_path / "m", GROUPS, rows(), method)
    assert (png.name, svg.name) == ("m.png", "m.svg")
    assert imread(png).std() > 0.01
    text = svg.read_text()
    for word in ("red", "green", "blue", "$x", "a$b$c", "price_1", "colours", "costs"):
        assert f"<!-- {word} -->" in text
    assert f"<!-- {note}" in text


def test_the_same_map_is_the_same_file(tmp_path: Path) -> None:
    for method in ("pca", "tsne"):
        files = [word_map(tmp_path / name, GROUPS, rows(), method, seed=5)[1] for name in "ab"]
        assert files[0].read_bytes() == files[1].read_bytes()


def test_length_of_a_vector_does_not_matter(tmp_path: Path) -> None:
    factors = np.array([[1], [2], [4], [8], [0.5], [1]])
    files = [word_map(tmp_path / str(k), GROUPS, rows() * by, "pca")[1] for k, by in enumerate((1, factors))]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_one_group_needs_no_legend_and_a_word_at_the_origin_no_direction(tmp_path: Path) -> None:
    vectors = np.zeros((3, 2))
    vectors[0] = 1
    _, svg = word_map(tmp_path / "m", {"all": ["a", "b", "c"]}, vectors, "pca")
    assert "<!-- all -->" not in svg.read_text()


def test_as_many_words_as_there_may_be_in_many_groups(tmp_path: Path) -> None:
    groups = {f"group {k}": [f"word_{k}_{n}" for n in range(25)] for k in range(8)}
    png, _ = word_map(tmp_path / "m", groups, rows(8, 25), "pca")
    assert imread(png).std() > 0.01


@pytest.mark.parametrize(
    ("groups", "number", "method", "said"),
    [
        (GROUPS, 6, "umap", "method is umap; expected pca or tsne"),
        ({"g": ["a", "b"]}, 2, "pca", "2 words were given; a map shows 3 to 200"),
        ({"g": [str(k) for k in range(201)]}, 201, "pca", "201 words were given; a map shows 3 to 200"),
        (GROUPS, 5, "pca", "6 words have 5 vectors; expected as many"),
    ],
)
def test_maps_that_cannot_be(
    tmp_path: Path, groups: dict[str, list[str]], number: int, method: str, said: str
) -> None:
    with pytest.raises(InputError) as caught:
        word_map(tmp_path / "m", groups, np.ones((number, 4)), method)
    assert str(caught.value) == said
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        word_map(tmp_path / "nowhere" / "m", GROUPS, rows(), "pca")
