"""Which words decided: the fall of the probability without each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from throughtime.words.classify.explain import PIECES, word_weights


def by_length_of_good(texts: Sequence[str]) -> np.ndarray:
    """p(1) is 0.1 and 0.3 more for each "good"."""
    chances = np.array([0.1 + 0.3 * text.split().count("good") for text in texts])
    return np.stack([1 - chances, chances], 1)


def test_a_word_s_weight_is_what_the_probability_loses_without_it() -> None:
    pieces = word_weights("a good  film, good!", 1, by_length_of_good)
    assert [piece.text for piece in pieces] == ["a", "good", "film,", "good!"]
    assert [piece.weight for piece in pieces] == pytest.approx([0, 0.3, 0, 0])
    against = word_weights("a good film", 0, by_length_of_good)
    assert [piece.weight for piece in against] == pytest.approx([0, -0.3, 0])


def test_a_long_text_is_looked_at_in_pieces() -> None:
    asked: list[int] = []

    def constant(texts: Sequence[str]) -> np.ndarray:
        asked.append(len(texts))
        return np.full((len(texts), 2), 0.5)

    pieces = word_weights("word " * (3 * PIECES - 1), 0, constant)
    assert len(pieces) == PIECES and asked == [PIECES + 1]
    assert [len(piece.text.split()) for piece in pieces] == [3] * (PIECES - 1) + [2]


def test_an_empty_text_has_no_words() -> None:
    assert word_weights("  ", 0, by_length_of_good) == []
