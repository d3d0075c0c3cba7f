from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from itertools import product

import pytest
import torch
from torch import Tensor

from chosen import beam_settings, length_rule
from hashed_model import AttendingHashedModel, FixedModel, HashedModel, forced, sources
from throughtime.decoding.beam import BeamSettings, beam
from throughtime.decoding.stepping import Hypothesis, greedy
from throughtime.errors import InputError

SEEDS = range(4)
WHOLE = 200  # wider than the number of candidates at any step of the searches below
RULE = length_rule(ratio=0.5, offset=2)  # at most 2 to 4 tokens for the sources


@cache
def told(model: HashedModel, row: int, text: tuple[int, ...]) -> tuple[float, list[float]]:
    """What the model gives a text for one of the sources, and the attention paid to each of its tokens."""
    src, lengths = sources()
    gains, looks = forced(model, src[row], lengths[row], [*text, 3])
    return sum(gains), looks.sum(0)[: int(lengths[row])].tolist()


@cache
def hashed(seed: int, impossible: tuple[int, ...] = ()) -> AttendingHashedModel:
    return AttendingHashedModel(seed, impossible=impossible)


def score_of(model: HashedModel, row: int, text: Sequence[int], settings: BeamSettings) -> Hypothesis:
    """Equation 14 of Wu et al. 2016, written out."""
    total, paid = told(model, row, tuple(text))
    coverage = sum(math.log(min(one, 1.0)) for one in paid)
    score = total / ((5 + len(text) + 1) / 6) ** settings.length_penalty
    return Hypothesis(list(text), score + settings.coverage_penalty * coverage, total)


def exhaustive(model: HashedModel, row: int, settings: BeamSettings) -> list[Hypothesis]:
    """The n_best of all texts that the length rule allows for one of the sources."""
    rule = settings.max_length
    sizes = range(rule.min_length, int(rule.limits(sources()[1])[row]) + 1)
    content = [1, *range(4, model.vocab_size)]
    texts = [text for size in sizes for text in product(content, repeat=size)]
    found = [score_of(model, row, text, settings) for text in texts]
    possible = [one for one in found if one.log_probability > -math.inf]
    return sorted(possible, key=lambda one: -one.score)[: settings.n_best]


def assert_same(found: list[Hypothesis], expected: list[Hypothesis]) -> None:
    assert [one.tokens for one in found] == [one.tokens for one in expected]
    assert [one.score for one in found] == pytest.approx([one.score for one in expected])
    assert [one.log_probability for one in found] == pytest.approx([one.log_probability for one in expected])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("n_best", [1, 10])
@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 1.0, 3.0])
def test_full_width_is_exhaustive_search(seed: int, n_best: int, length_penalty: float) -> None:
    src, lengths = sources()
    model = hashed(seed)
    settings = beam_settings(WHOLE, length_penalty, n_best=n_best, max_length=RULE)
    for row, found in enumerate(beam(model, src, lengths, settings)):
        assert_same(found, exhaustive(model, row, settings))


@pytest.mark.parametrize("seed", SEEDS)
def test_full_width_is_exhaustive_search_with_coverage_and_least_length(seed: int) -> None:
    src, lengths = sources()
    model = hashed(seed)
    settings = beam_settings(WHOLE, 0.8, 0.7, n_best=6, max_length=length_rule(0.5, 2, min_length=1))
    for row, found in enumerate(beam(model, src, lengths, settings)):
        assert_same(found, exhaustive(model, row, settings))


@pytest.mark.parametrize("seed", SEEDS)
def test_full_width_is_exhaustive_search_where_tokens_are_impossible(seed: int) -> None:
    src, lengths = sources()
    model = hashed(seed, impossible=(1, 5))
    settings = beam_settings(WHOLE, 1.0, n_best=100, max_length=RULE)
    for row, found in enumerate(beam(model, src, lengths, settings)):
        assert len(found) == int(RULE.limits(lengths[row])) + 1
        assert_same(found, exhaustive(model, row, settings))


@pytest.mark.parametrize("seed", range(10))
def test_a_beam_of_one_is_greedy(seed: int) -> None:
    src, lengths = sources()
    model, rule = HashedModel(seed, vocab_size=9), length_rule()
    found = beam(model, src, lengths, beam_settings(1, 0.0, max_length=rule))
    for one, expected in zip(found, greedy(model, src, lengths, rule), strict=True):
        assert_same(one, [expected])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("beam_size", [2, 3, 7])
def test_a_batch_gives_what_its_sentences_give_one_at_a_time(seed: int, beam_size: int) -> None:
    src, lengths = sources()
    model = AttendingHashedModel(seed, vocab_size=11)
    settings = beam_settings(beam_size, 1.0, 0.2, n_best=2)
    alone = [beam(model, src[[row]], lengths[[row]], settings)[0] for row in range(len(src))]
    assert beam(model, src, lengths, settings) == alone


@pytest.mark.parametrize("seed", SEEDS)
def test_the_n_best_are_sorted_distinct_and_scored_by_the_equation(seed: int) -> None:
    src, lengths = sources()
    model = AttendingHashedModel(seed, vocab_size=11)
    settings = beam_settings(5, 0.9, 0.3, n_best=5)
    for row, found in enumerate(beam(model, src, lengths, settings)):
        assert len(found) == 5
        assert len({tuple(one.tokens) for one in found}) == 5
        assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
        assert_same(found, [score_of(model, row, one.tokens, settings) for one in found])


@pytest.mark.parametrize("seed", SEEDS)
def test_stopping_early_loses_nothing(seed: int) -> None:
    src, lengths = sources()
    model = HashedModel(seed, vocab_size=9)
    many = beam(model, src, lengths, beam_settings(4, 1.5, n_best=4))
    for n_best in (1, 2, 3):
        few = beam(model, src, lengths, beam_settings(4, 1.5, n_best=n_best))
        assert few == [one[:n_best] for one in many]


def test_a_wider_beam_finds_what_greedy_misses() -> None:
    src, length = torch.tensor([[5, 3]]), torch.tensor([2])
    settings = beam_settings(WHOLE, 0.0, max_length=RULE)
    better = 0
    for seed in range(20):
        model = HashedModel(seed)
        best = beam(model, src, length, settings)[0][0].score
        followed = greedy(model, src, length, RULE)[0].score
        assert best >= followed or best == pytest.approx(followed)
        better += best > followed + 0.01
    assert better > 0


def test_search_stops_when_nothing_can_beat_what_is_finished() -> None:
    model = FixedModel([[0, 0, 0, 0.9, 0.1]])
    found = beam(model, torch.tensor([[4, 3]]), torch.tensor([2]), beam_settings(2, 0.0))
    assert found[0][0].tokens == []
    assert found[0][0].log_probability == pytest.approx(math.log(0.9))
    assert model.sizes == [1]


def test_search_goes_on_while_a_longer_text_may_win_by_its_length() -> None:
    model = FixedModel([[0, 0, 0, 0.55, 0.45], [0, 0, 0, 0.01, 0.99]])
    settings = beam_settings(2, 1.0, max_length=length_rule(0, 8))
    found = beam(model, torch.tensor([[4, 3]]), torch.tensor([2]), settings)
    total = math.log(0.45) + 7 * math.log(0.99) + math.log(0.01)
    assert total / (14 / 6) < math.log(0.55)
    assert found[0][0].tokens == []
    settings = beam_settings(2, 4.0, max_length=length_rule(0, 8))
    found = beam(model, torch.tensor([[4, 3]]), torch.tensor([2]), settings)
    assert found[0][0].tokens == [4] * 8
    assert found[0][0].score == pytest.approx(total / (14 / 6) ** 4)


def test_finished_sentences_leave_the_batch() -> None:
    src, lengths = torch.tensor([[4, 4, 3], [3, 0, 0], [4, 3, 0]]), torch.tensor([3, 1, 2])
    model = FixedModel([[0, 0, 0, 0.6, 0.3, 0.1]])
    found = beam(model, src, lengths, beam_settings(2, 0.0, max_length=length_rule(1, 0, min_length=1)))
    assert [one[0].tokens for one in found] == [[4], [4], [4]]
    assert model.sizes == [3, 6]
    model = FixedModel([[0, 0, 0, 1e-9, 0.6, 0.4]])
    settings = beam_settings(2, 5.0, max_length=length_rule(1, 0))
    assert [one[0].tokens for one in beam(model, src, lengths, settings)] == [[4] * 3, [4], [4] * 2]
    assert model.sizes == [3, 6, 4, 2]


def test_of_equal_scores_the_one_finished_first_stands_first() -> None:
    model = FixedModel([[0, 0.25, 0, 0.25, 0.25, 0.25], [0, 0, 0, 1, 0, 0]])
    settings = beam_settings(4, 0.0, n_best=4, max_length=length_rule(0, 1))
    found = beam(model, torch.tensor([[3]]), torch.tensor([1]), settings)
    assert [one.tokens for one in found[0]] == [[], [1], [4], [5]]


def test_where_no_text_can_end_the_best_stands_at_minus_infinity() -> None:
    src, length = torch.tensor([[4, 3]]), torch.tensor([2])
    never = beam(
        FixedModel([[0, 0, 0, 0, 0.4, 0.6]]), src, length, beam_settings(3, max_length=length_rule(0, 3))
    )
    assert never == [[Hypothesis([5, 5, 5], -math.inf, -math.inf)]]
    dead = beam(FixedModel([[0, 0, 0, 0, 0.4, 0.6], [0, 0, 1, 0, 0, 0]]), src, length, beam_settings(3))
    assert dead == [[Hypothesis([5], -math.inf, -math.inf)]]


def test_coverage_by_hand() -> None:
    class Looking(FixedModel):
        def attention(self, state: Tensor) -> Tensor:
            looks = torch.tensor([[0.9, 0.1, 0.0], [0.4, 0.6, 0.0]], dtype=torch.float64)
            return looks[(state - 1).clamp(max=1)]

    model = Looking([[0, 0, 0, 0.5, 0.5], [0, 0, 0, 1, 0]])
    settings = beam_settings(2, 0.0, 0.5, n_best=2)
    found = beam(model, torch.tensor([[4, 3, 0]]), torch.tensor([2]), settings)[0]
    assert [one.tokens for one in found] == [[4], []]
    assert found[0].score == pytest.approx(math.log(0.5) + 0.5 * math.log(0.7))
    assert found[1].score == pytest.approx(math.log(0.5) + 0.5 * (math.log(0.9) + math.log(0.1)))
    assert [one.log_probability for one in found] == pytest.approx([math.log(0.5)] * 2)


def test_a_source_token_never_looked_at_keeps_the_score_finite() -> None:
    class Staring(FixedModel):
        def attention(self, state: Tensor) -> Tensor:
            return torch.tensor([[1.0, 0.0]]).expand(len(state), 2)

    model = Staring([[0, 0, 0, 1.0, 0]])
    found = beam(model, torch.tensor([[4, 3]]), torch.tensor([2]), beam_settings(1, 0.0, 1.0))[0]
    assert found[0].score == pytest.approx(math.log(torch.finfo(torch.float32).tiny))


def test_coverage_asks_for_attention() -> None:
    class Blind(FixedModel):
        def attention(self, state: Tensor) -> None:
            return None

    for kind in (FixedModel, Blind):
        with pytest.raises(InputError) as raised:
            beam(
                kind([[0, 0, 0, 1.0]]),
                torch.tensor([[3]]),
                torch.tensor([1]),
                beam_settings(coverage_penalty=0.2),
            )
        assert str(raised.value) == (
            "coverage_penalty is 0.2, but there is no attention to sum up: the model has none, or an "
            "ensemble's members read by different vocabularies; expected 0"
        )


def test_no_sources_give_no_hypotheses() -> None:
    assert beam(HashedModel(0), torch.zeros(0, 3, dtype=torch.int64), torch.zeros(0), beam_settings()) == []


def test_half_precision_models_are_summed_in_single_precision() -> None:
    class Half(HashedModel):
        def step(self, tokens: Tensor, state: object) -> tuple[Tensor, object]:
            answer, after = super().step(tokens, state)  # pyright: ignore[reportArgumentType]
            return answer.bfloat16(), after

    src, lengths = sources()
    for row, found in enumerate(beam(Half(1), src, lengths, beam_settings(3, max_length=RULE))):
        gains, _ = forced(Half(1), src[row], lengths[row], [*found[0].tokens, 3])
        assert found[0].log_probability == pytest.approx(sum(gains), rel=1e-6)


def test_nan_is_an_error() -> None:
    with pytest.raises(InputError, match="the model gives NaN where log-probabilities are expected"):
        beam(FixedModel([[math.nan] * 5]), torch.tensor([[3]]), torch.tensor([1]), beam_settings())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"beam_size": 0}, "beam_size is 0; expected at least 1"),
        ({"n_best": 0}, "n_best is 0; expected 1 to beam_size, which is 5"),
        ({"n_best": 6}, "n_best is 6; expected 1 to beam_size, which is 5"),
        ({"length_penalty": -1.0}, "length_penalty is -1.0; expected a number of at least 0"),
        ({"coverage_penalty": math.inf}, "coverage_penalty is inf; expected a number of at least 0"),
    ],
)
def test_settings_out_of_range(given: dict[str, float], message: str) -> None:
    with pytest.raises(InputError) as raised:
        beam_settings(**given)  # pyright: ignore[reportArgumentType]
    assert str(raised.value) == message
