"""Texts of like length go together, each once an epoch."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from throughtime.words.classify.batches import Encoded, in_order, plan

LENGTHS = st.lists(st.integers(1, 50), min_size=1, max_size=60)


@given(LENGTHS, st.integers(1, 9))
def test_every_text_is_in_one_batch(lengths: list[int], together: int) -> None:
    of = np.array(lengths)
    for batches in (plan(of, together, np.random.default_rng(0)), in_order(of, together)):
        assert sorted(np.concatenate(batches)) == list(range(len(of)))
        assert max(map(len, batches)) <= together


def test_like_goes_with_like() -> None:
    lengths = np.array([1, 100] * 8)
    for batch in plan(lengths, 4, np.random.default_rng(0)):
        assert len(set(lengths[batch])) == 1


def test_texts_as_tensors() -> None:
    encoded = Encoded([np.array([5, 6]), np.array([7]), np.array([8, 9, 10])], np.array([1, 0, 2]))
    texts = encoded.texts(np.array([1, 2]))
    assert texts.ids.tolist() == [[7, 0, 0], [8, 9, 10]]
    assert (texts.lengths.tolist(), texts.labels.tolist(), texts.words) == ([1, 3], [0, 2], 4)
