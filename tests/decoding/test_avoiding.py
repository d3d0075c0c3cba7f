"""Texts in which phrases never stand, against all texts there are."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from chosen import beam_settings, length_rule, sample_settings
from hashed_model import AttendingHashedModel, Hashed, HashedModel, forced, sources
from throughtime.decoding.avoiding import Avoiding
from throughtime.decoding.beam import beam
from throughtime.decoding.sampling import sample
from throughtime.decoding.stepping import greedy
from throughtime.layers.ranking import Ranked, ranked

SEEDS = range(4)
NEVER = [[5], [4, 4], [1, 4, 1]]
RULE = length_rule(ratio=0.5, offset=3)


def has(text: tuple[int, ...], phrase: list[int]) -> bool:
    return any(list(text[k : k + len(phrase)]) == phrase for k in range(len(text)))


class Ranking(AttendingHashedModel):
    """One that tells its likeliest tokens."""

    def best(self, tokens: torch.Tensor, state: Hashed, count: int) -> tuple[Ranked, Hashed]:
        answer, state = self.step(tokens, state)
        return ranked(answer, count), state


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("never", [NEVER, [[4, 5, 4]], [[1], [4]]])
@pytest.mark.parametrize("kind", [AttendingHashedModel, Ranking])
def test_full_width_is_exhaustive_search_among_texts_without_the_phrases(
    seed: int, never: list[list[int]], kind: type[AttendingHashedModel]
) -> None:
    src, lengths = sources()
    found = beam(
        Avoiding(kind(seed), never), src, lengths, beam_settings(400, 0.0, n_best=9, max_length=RULE)
    )
    for row, limit in enumerate(RULE.limits(lengths).tolist()):
        texts = [text for size in range(limit + 1) for text in product([1, 4, 5], repeat=size)]
        kept = [text for text in texts if not any(has(text, phrase) for phrase in never)]
        told = [
            (sum(forced(HashedModel(seed), src[row], lengths[row], [*text, 3])[0]), text) for text in kept
        ]
        expected = sorted(told, reverse=True)[:9]
        assert [tuple(one.tokens) for one in found[row]] == [text for _, text in expected]
        assert [one.score for one in found[row]] == pytest.approx([score for score, _ in expected])
        assert all(len(one.looked) == len(one.tokens) for one in found[row])


@pytest.mark.parametrize("seed", SEEDS)
def test_greedy_and_drawn_texts_avoid_them_too(seed: int) -> None:
    src, lengths = sources()
    rule = length_rule(1, 6)
    model = Avoiding(Ranking(seed), NEVER)
    drawn = sample(
        model, src, lengths, sample_settings(5, max_length=rule), torch.Generator().manual_seed(seed)
    )
    ranks = [*drawn, [one for one in greedy(model, src, lengths, rule)]]
    for one in [one for each in ranks for one in each]:
        assert not any(has(tuple(one.tokens), phrase) for phrase in NEVER)


def test_what_is_never_written_anyway_changes_nothing() -> None:
    src, lengths = sources()
    free, avoiding = HashedModel(3), Avoiding(HashedModel(3), [[0, 0], [2, 2, 2]])
    assert beam(avoiding, src, lengths, beam_settings(3)) == beam(free, src, lengths, beam_settings(3))
    assert greedy(avoiding, src, lengths, RULE) == greedy(free, src, lengths, RULE)
