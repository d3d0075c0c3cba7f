"""Subwords cut otherwise: the same text in other pieces, the same pieces for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from throughtime.layers.special_ids import EOS_ID, UNK_ID
from throughtime.text.subword_dropout import SubwordDropout
from throughtime.text.tokenizer import Subwords, Words, train_subwords

TEXT = [
    "the weather is better than the mother",
    "other feathers gather together",
    "a rather bothered brother",
]


@pytest.fixture(scope="module")
def subwords() -> Subwords:
    return train_subwords(TEXT * 5, 31, seed=0)


def encoded(tokenizer: Subwords, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    rows = [[*tokenizer.encode(text), EOS_ID] for text in texts]
    ids = np.array([one for row in rows for one in row], np.int32)
    return ids, np.array([len(row) for row in rows], np.int32)


def decoded(tokenizer: Subwords, ids: np.ndarray, lengths: np.ndarray) -> list[str]:
    return [tokenizer.decode(one.tolist()) for one in np.split(ids, np.cumsum(lengths)[:-1])]


def test_cuts_stand_for_the_same_text(subwords: Subwords) -> None:
    cuts = subwords.cuts()
    assert len(cuts) == subwords.vocab_size and sum(map(len, cuts)) > 3
    assert not cuts[UNK_ID] and not cuts[EOS_ID]
    for number, pairs in enumerate(cuts):
        for pair in pairs:
            assert subwords.decode(list(pair)) == subwords.decode([number])


@pytest.mark.parametrize("probability", [0.0, 0.1, 0.5, 0.99])
def test_text_stays_and_pieces_change(subwords: Subwords, probability: float) -> None:
    ids, lengths = encoded(subwords, TEXT)
    cut, new_lengths = SubwordDropout(subwords, probability)(ids, lengths, np.random.default_rng(0))
    assert decoded(subwords, cut, new_lengths) == TEXT
    assert (np.split(cut, np.cumsum(new_lengths))[0][-1]) == EOS_ID
    assert len(cut) == len(ids) if probability == 0 else len(cut) >= len(ids)
    if probability > 0.4:
        assert len(cut) > len(ids)


def test_the_same_generator_gives_the_same_pieces(subwords: Subwords) -> None:
    ids, lengths = encoded(subwords, TEXT)
    dropout = SubwordDropout(subwords, 0.3)
    one, other, third = (dropout(ids, lengths, np.random.default_rng(seed))[0] for seed in (1, 1, 2))
    assert one.tolist() == other.tolist() != third.tolist()


def test_about_so_many_pieces_are_cut(subwords: Subwords) -> None:
    ids, lengths = encoded(subwords, TEXT * 200)
    dropout = SubwordDropout(subwords, 0.2)
    can = np.array([bool(one) for one in subwords.cuts()])[ids].sum()
    more = len(dropout(ids, lengths, np.random.default_rng(0))[0]) - len(ids)
    assert 0.2 <= more / can < 0.3


def test_whole_words_are_never_cut() -> None:
    words = Words(["a", "b", "ab"], "en")
    ids, lengths = np.array([6, EOS_ID], np.int32), np.array([2], np.int32)
    cut, new_lengths = SubwordDropout(words, 0.9)(ids, lengths, np.random.default_rng(0))
    assert cut.tolist() == ids.tolist() and new_lengths.tolist() == [2]
