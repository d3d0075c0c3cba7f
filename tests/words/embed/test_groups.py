from __future__ import annotations

import numpy as np
import pytest

from throughtime.errors import InputError
from throughtime.words.embed.groups import groups_around
from throughtime.words.embed.vectors import WordVectors


def on_circle(**degrees: float) -> WordVectors:
    angles = np.radians(list(degrees.values()))
    return WordVectors(list(degrees), np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32))


CIRCLE = on_circle(matrix=0, matrices=1, array=2, arrays=3, vector=4, file=90, path=91, folder=92, tree=180)


def test_the_nearest_words_without_plurals_of_those_taken() -> None:
    assert groups_around(CIRCLE, ["array", "file"], 3) == {
        "array": ["array", "matrices", "vector"],
        "file": ["file", "path", "folder"],
    }


def test_a_word_is_in_one_group_alone() -> None:
    groups = groups_around(CIRCLE, ["matrix", "vector"], 4)
    words = [word for group in groups.values() for word in group]
    assert len(words) == len(set(words))
    assert groups["matrix"][0] == "matrix" and groups["vector"][0] == "vector"


def test_seeds_that_are_known_and_else_words_far_from_one_another() -> None:
    assert list(groups_around(CIRCLE, size=2)) == ["matrix", "file"]
    other = on_circle(a=0, b=1, c=180, d=181, e=90)
    assert list(groups_around(other, size=1))[:2] == ["a", "c"]
    assert len(groups_around(other, size=1)) == 5


def test_seeds_that_cannot_be() -> None:
    with pytest.raises(InputError, match=r"^'matrx' has no vector; spelled alike: 'matrix'"):
        groups_around(CIRCLE, ["matrx"])
    with pytest.raises(InputError, match=r"^seeds are file, file; expected different words$"):
        groups_around(CIRCLE, ["file", "file"])
    with pytest.raises(InputError, match=r"^size is 0; expected at least 1$"):
        groups_around(CIRCLE, size=0)
