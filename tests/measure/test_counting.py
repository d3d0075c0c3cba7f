"""Counting as a language model."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from throughtime.measure.counting import LONGEST, best_order, surprise, surprises

VOCAB = 5


@pytest.fixture
def texts() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    draw = np.random.default_rng(1)
    return draw.integers(0, VOCAB, 300).astype(np.uint8), draw.integers(0, VOCAB, 80).astype(np.uint8)


def plainly(learned: list[int], text: list[int], order: int, adaptive: bool) -> list[float]:
    """The definition, one unit at a time."""
    counts: dict[tuple[int, ...], Counter[int]] = {}

    def count(ids: list[int], place: int) -> None:
        for k in range(order + 1):
            counts.setdefault(context(ids, place, k), Counter())[ids[place]] += 1

    def context(ids: list[int], place: int, k: int) -> tuple[int, ...]:
        return tuple(([0] * k + ids[:place])[place : place + k])

    for place in range(len(learned)):
        count(learned, place)
    nats: list[float] = []
    for place, unit in enumerate(text):
        p = 1 / VOCAB
        for k in range(order + 1):
            seen = counts.get(context(text, place, k))
            if seen:
                p = (seen[unit] + len(seen) * p) / (seen.total() + len(seen))
        nats.append(-np.log(p))
        if adaptive:
            count(text, place)
    return nats


@pytest.mark.parametrize("adaptive", [False, True])
@pytest.mark.parametrize("order", [0, 1, 3])
def test_counts_are_those_of_the_definition(
    texts: tuple[NDArray[np.uint8], NDArray[np.uint8]], order: int, adaptive: bool
) -> None:
    learned, text = texts
    expected = plainly(learned.tolist(), text.tolist(), order, adaptive)
    nats = surprise(learned, text, VOCAB, order, adaptive=adaptive)
    assert nats.tolist() == pytest.approx(expected)


def test_probabilities_sum_to_one(texts: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> None:
    learned, text = texts
    total = 0.0
    for last in range(VOCAB):
        ended = np.append(text, last).astype(np.uint8)
        total += float(np.exp(-surprise(learned, ended, VOCAB, 2)[-1]))
    assert total == pytest.approx(1)


def test_nothing_learned_is_uniform_and_adapts() -> None:
    nothing, text = np.zeros(0, np.uint8), np.full(50, 3, np.uint8)
    static = next(surprises(nothing, text, VOCAB))
    assert static.tolist() == pytest.approx([np.log(VOCAB)] * 50)
    *_, adaptive = surprises(nothing, text, VOCAB, adaptive=True)
    assert adaptive[0] == pytest.approx(np.log(VOCAB))
    assert adaptive[-1] < 0.1


def test_the_best_context_is_that_of_the_source() -> None:
    draw = np.random.default_rng(2)
    moves = draw.integers(0, 2, 40_000)
    ids = np.cumsum(moves) % VOCAB  # the next unit depends on one unit before it
    for adaptive in (False, True):
        assert best_order(ids[:30_000], VOCAB, adaptive=adaptive) == 1
    nats = surprise(ids[:30_000], ids[30_000:], VOCAB, 1)
    assert nats.mean() == pytest.approx(np.log(2), abs=0.01)


def test_contexts_end_where_their_numbers_do(texts: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> None:
    learned, text = texts
    assert len(list(surprises(learned, text, VOCAB))) == LONGEST + 1
    assert len(list(surprises(learned, text, 2**20))) == 3
