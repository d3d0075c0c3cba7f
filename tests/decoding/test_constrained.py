"""Texts that must have phrases in them, against all texts there are."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product

import pytest
import torch

from chosen import beam_settings, length_rule
from hashed_model import AttendingHashedModel, FixedModel, HashedModel, forced, sources
from throughtime.decoding.beam import beam
from throughtime.decoding.constrained import constrained_beam
from throughtime.decoding.prefix import Prefixed
from throughtime.decoding.stepping import Hypothesis
from throughtime.errors import InputError

SEEDS = range(2)
WHOLE = 250  # wider than the number of candidates at any step of the searches below
RULE = length_rule(ratio=0.5, offset=3)  # at most 3 to 5 tokens for the sources
PHRASES = [[[4, 5]], [[5], [4, 4]], [[4, 4, 5]], [], [[5, 4], [4, 5], [1]]]


def has(text: tuple[int, ...], phrase: list[int]) -> bool:
    return any(list(text[k : k + len(phrase)]) == phrase for k in range(len(text)))


def exhaustive(seed: int, row: int, phrases: list[list[int]], limit: int, count: int) -> list[Hypothesis]:
    """The best of all texts that have the phrases."""
    src, lengths = sources()
    found: list[Hypothesis] = []
    for size in range(limit + 1):
        for text in product([1, 4, 5], repeat=size):
            if all(has(text, phrase) for phrase in phrases):
                total = sum(forced(HashedModel(seed), src[row], lengths[row], [*text, 3])[0])
                found.append(Hypothesis(list(text), total / ((6 + size) / 6), total))
    return sorted(found, key=lambda one: -one.score)[:count]


@pytest.mark.parametrize("seed", SEEDS)
def test_full_width_is_exhaustive_search_among_texts_with_the_phrases(seed: int) -> None:
    src, lengths = sources()
    settings = beam_settings(WHOLE, n_best=8, max_length=RULE)
    found = constrained_beam(HashedModel(seed), src, lengths, settings, PHRASES)
    for row, limit in enumerate(RULE.limits(lengths).tolist()):
        expected = exhaustive(seed, row, PHRASES[row], limit, 8)
        assert expected
        assert [one.tokens for one in found[row]] == [one.tokens for one in expected]
        assert [one.score for one in found[row]] == pytest.approx([one.score for one in expected])
        assert [one.log_probability for one in found[row]] == pytest.approx(
            [one.log_probability for one in expected]
        )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("width", [1, 2, 5])
def test_narrow_beams_meet_them_too(seed: int, width: int) -> None:
    src, lengths = sources()
    model = AttendingHashedModel(seed, vocab_size=9)
    phrases = [[[4, 8], [7]], [[6]], [[5, 5, 5, 5]], [[4], [5], [6], [7], [8]], []]
    settings = beam_settings(width, n_best=width, max_length=length_rule(1, 5))
    found = constrained_beam(model, src, lengths, settings, phrases)
    for row, ranks in enumerate(found):
        assert 1 <= len(ranks) <= width
        assert [one.score for one in ranks] == sorted((one.score for one in ranks), reverse=True)
        for one in ranks:
            assert all(has(tuple(one.tokens), phrase) for phrase in phrases[row])
            gains, looks = forced(model, src[row], lengths[row], [*one.tokens, 3])
            assert one.log_probability == pytest.approx(sum(gains))
            assert one.looked == looks.argmax(1).tolist()[:-1]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("width", "n_best"), [(1, 1), (3, 1), (3, 3), (WHOLE, 10)])
def test_without_phrases_it_is_beam_search(seed: int, width: int, n_best: int) -> None:
    src, lengths = sources()
    settings = beam_settings(width, n_best=n_best, max_length=length_rule(0.5, 2, min_length=1))
    found = constrained_beam(AttendingHashedModel(seed), src, lengths, settings, [[]] * len(src))
    for one, expected in zip(found, beam(AttendingHashedModel(seed), src, lengths, settings), strict=True):
        assert [each.tokens for each in one] == [each.tokens for each in expected]
        assert [each.looked for each in one] == [each.looked for each in expected]
        assert [each.score for each in one] == pytest.approx([each.score for each in expected])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_batch_gives_what_its_sentences_give_one_at_a_time(seed: int) -> None:
    src, lengths = sources()
    settings = beam_settings(4, n_best=2, max_length=RULE)
    alone = [
        constrained_beam(HashedModel(seed), src[[row]], lengths[[row]], settings, [PHRASES[row]])[0]
        for row in range(len(src))
    ]
    assert constrained_beam(HashedModel(seed), src, lengths, settings, PHRASES) == alone


def test_a_phrase_that_repeats_itself_is_found_where_it_ends() -> None:
    model = FixedModel([[0, 0, 0, 0, 0.9, 0.1]] * 3 + [[0, 0, 0, 0, 0.1, 0.9], [0, 0, 0, 1, 0, 0]])
    settings = beam_settings(1, 0.0, max_length=length_rule(0, 4))
    found = constrained_beam(model, torch.tensor([[3]]), torch.tensor([1]), settings, [[[4, 4, 5]]])
    assert found[0][0].tokens == [4, 4, 4, 5] or found[0][0].tokens == [4, 4, 5, 5]


def test_where_it_cannot_be_there_is_nothing() -> None:
    src, lengths = sources()
    settings = beam_settings(5, max_length=length_rule(0, 2))
    assert constrained_beam(HashedModel(0), src, lengths, settings, [[[4, 4, 4]]] * 5) == [[]] * 5
    settings = beam_settings(5)
    never = HashedModel(0, impossible=(4,))
    found = constrained_beam(never, src, lengths, settings, [[[4]], [[5]], [], [], []])
    assert [bool(one) for one in found] == [False, True, True, True, True]


def test_phrases_after_a_prefix() -> None:
    src, lengths = sources()
    prefixes, phrases = [[4, 4]] * 5, [[[5, 1]]] * 5
    rule = replace(length_rule(0, 0), floor=(4,) * 5)
    model = Prefixed(HashedModel(1), prefixes, torch.zeros(6, dtype=torch.bool))
    found = constrained_beam(model, src, lengths, beam_settings(3, max_length=rule), phrases)
    assert [one[0].tokens for one in found] == [[4, 4, 5, 1]] * 5


def test_a_coverage_penalty_is_refused_and_nothing_gives_nothing() -> None:
    src, lengths = sources()
    with pytest.raises(InputError) as caught:
        constrained_beam(HashedModel(0), src, lengths, beam_settings(coverage_penalty=0.1), [[]] * 5)
    assert str(caught.value) == (
        "phrases cannot be combined with a coverage penalty; expected coverage_penalty 0"
    )
    assert constrained_beam(HashedModel(0), src[:0], lengths[:0], beam_settings(), []) == []


def test_minus_infinity_never_comes_back() -> None:
    src, lengths = sources()
    found = constrained_beam(HashedModel(2), src, lengths, beam_settings(3, n_best=3), PHRASES)
    assert all(one.log_probability > -math.inf for ranks in found for one in ranks)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_last_word_of_a_phrase_is_not_gone_on_with(seed: int) -> None:
    src, lengths = sources()
    settings, inner = beam_settings(WHOLE, n_best=8, max_length=RULE), torch.arange(6) == 4
    phrases = [[[4, 5]], [[5]], [], [[4]], [[1], [5]]]
    found = constrained_beam(HashedModel(seed), src, lengths, settings, phrases, inner)
    for row, limit in enumerate(RULE.limits(lengths).tolist()):
        every = exhaustive(seed, row, phrases[row], limit, 10**6)
        expected = [one for one in every if not any(goes_on(one.tokens, phrase) for phrase in phrases[row])]
        assert len(expected) < len(every) or not phrases[row]
        assert [one.tokens for one in found[row]] == [one.tokens for one in expected[:8]]


def goes_on(text: list[int], phrase: list[int]) -> bool:
    """Whether token 4 comes after the phrase where it first stands."""
    first = next(k for k in range(len(text)) if text[k : k + len(phrase)] == phrase) + len(phrase)
    return text[first : first + 1] == [4]
