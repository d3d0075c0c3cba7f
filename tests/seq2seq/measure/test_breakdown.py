from __future__ import annotations

import pytest

from throughtime.errors import InputError
from throughtime.measure.text_scores import quick_tokenised_bleu
from throughtime.seq2seq.measure.breakdown import WordRanks, breakdown, lengths


def test_groups_follow_the_keys_and_lose_nobody() -> None:
    keys = [5.0, 1.0, 4.0, 2.0, 3.0]
    references = ["e e e e e", "a a a a a", "d d d d d", "b b b b b", "c c c c c"]
    written = ["e e e e e", "x x x x x", "x x x x x", "b b b b b", "c c c c c"]
    low, high = breakdown(keys, written, references, "en", groups=2)
    assert (low.low, low.high, low.sentences) == (1.0, 3.0, 3)
    assert (high.low, high.high, high.sentences) == (4.0, 5.0, 2)
    expected = quick_tokenised_bleu([written[k] for k in (1, 3, 4)], [references[k] for k in (1, 3, 4)], "en")
    assert low.bleu == pytest.approx(expected)
    assert low.bleu > high.bleu > 0


def test_fewer_sentences_than_groups_are_refused() -> None:
    with pytest.raises(InputError, match="3 sentences cannot be cut into 8 groups"):
        breakdown([1, 2, 3], ["a"] * 3, ["a"] * 3, "en")


def test_lengths_count_words() -> None:
    assert lengths(["A dog runs.", "", "  so   so "]) == [3, 0, 2]


def test_ranks_are_places_in_the_order_of_frequency() -> None:
    ranks = WordRanks(["The dog, the cat", "the dog"])
    assert ranks.mean("The") == 1
    assert ranks.mean("a DOG!") == (4 + 2) / 2  # a word never seen comes after the three that were
    assert ranks.mean("cat") == 3
    assert ranks.mean("...") == 0
