from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from chosen import beam_settings, length_rule
from hashed_model import FixedModel, Hashed, HashedModel, forced, sources
from throughtime.decoding.beam import beam
from throughtime.decoding.stepping import AttendingModel, LengthRule, allowed, greedy, restrained
from throughtime.errors import InputError
from throughtime.layers.ranking import Ranked, largest, ranked

SEEDS = range(6)


def one_source() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor([[4, 3]]), torch.tensor([2])


@pytest.mark.parametrize("seed", SEEDS)
def test_greedy_takes_the_likeliest_token_at_every_step(seed: int) -> None:
    src, lengths = sources()
    model = HashedModel(seed)
    found = greedy(model, src, lengths, length_rule(ratio=1, offset=2))
    for row, hypothesis in enumerate(found):
        state, token, text, total = model.start(src[[row]], lengths[[row]]), 2, [], 0.0
        while token != 3:
            answer, state = model.step(torch.tensor([token]), state)
            choices = [1, 3, *range(4, model.vocab_size)] if len(text) < int(lengths[row]) + 2 else [3]
            token = max(choices, key=lambda v: float(answer[0, v]))
            text.append(token)
            total += float(answer[0, token])
        assert hypothesis.tokens == text[:-1]
        assert hypothesis.log_probability == total
        assert hypothesis.score == hypothesis.log_probability


@pytest.mark.parametrize("seed", SEEDS)
def test_a_batch_gives_what_its_sentences_give_one_at_a_time(seed: int) -> None:
    src, lengths = sources()
    model, rule = HashedModel(seed), length_rule()
    alone = [greedy(model, src[[row]], lengths[[row]], rule)[0] for row in range(len(src))]
    assert greedy(model, src, lengths, rule) == alone


@pytest.mark.parametrize("seed", SEEDS)
def test_log_probability_is_what_the_model_gives_the_text(seed: int) -> None:
    src, lengths = sources()
    model = HashedModel(seed)
    for row, found in enumerate(greedy(model, src, lengths, length_rule(1, 1))):
        gains, _ = forced(model, src[row], lengths[row], [*found.tokens, 3])
        assert found.log_probability == pytest.approx(sum(gains))


def test_of_equal_tokens_the_lower_id_is_taken() -> None:
    found = greedy(
        FixedModel([[0.0, 0.0, 0.0, 0.2, 0.4, 0.4], [0, 0, 0, 1, 0, 0]]), *one_source(), length_rule()
    )
    assert found[0].tokens == [4]


def test_pad_and_bos_are_never_written() -> None:
    model = FixedModel([[0.5, 0.0, 0.3, 0.05, 0.1, 0.05], [0.5, 0.0, 0.3, 0.1, 0.05, 0.05]])
    found = greedy(model, *one_source(), length_rule())
    assert found[0].tokens == [4]
    assert found[0].log_probability == pytest.approx(math.log(0.1 * 0.1))


def test_a_text_at_its_limit_ends_there_and_pays_for_the_end() -> None:
    model = FixedModel([[0, 0, 0, 0.1, 0.9]])
    found = greedy(model, *one_source(), length_rule(ratio=1.5, offset=1))
    assert found[0].tokens == [4] * 4
    assert found[0].log_probability == pytest.approx(4 * math.log(0.9) + math.log(0.1))


def test_min_length_holds_the_end_back() -> None:
    found = greedy(FixedModel([[0, 0, 0, 0.9, 0.1]]), *one_source(), length_rule(0, 5, min_length=3))
    assert found[0].tokens == [4] * 3
    assert found[0].log_probability == pytest.approx(3 * math.log(0.1) + math.log(0.9))


def test_where_nothing_is_possible_the_text_stops_at_minus_infinity() -> None:
    found = greedy(FixedModel([[0, 0, 0, 0.4, 0.6], [0, 0, 1, 0, 0]]), *one_source(), length_rule())
    assert found[0].tokens == [4]
    assert found[0].log_probability == -math.inf


def test_a_model_that_can_never_end_stops_at_the_limit_at_minus_infinity() -> None:
    found = greedy(FixedModel([[0, 0, 0, 0, 1.0]]), *one_source(), length_rule(0, 3))
    assert (found[0].tokens, found[0].score) == ([4] * 3, -math.inf)


def test_sentences_that_have_ended_leave_the_batch() -> None:
    src, lengths = torch.tensor([[4, 4, 3], [3, 0, 0], [4, 3, 0]]), torch.tensor([3, 1, 2])
    model = FixedModel([[0, 0, 0, 0.1, 0.9]])
    found = greedy(model, src, lengths, length_rule(ratio=1, offset=0))
    assert [len(one.tokens) for one in found] == [3, 1, 2]
    assert model.sizes == [3, 3, 2, 1]


def test_no_sources_give_no_hypotheses() -> None:
    assert greedy(HashedModel(0), torch.zeros(0, 3, dtype=torch.int64), torch.zeros(0), length_rule()) == []


def test_nan_is_an_error() -> None:
    with pytest.raises(InputError, match="the model gives NaN where log-probabilities are expected"):
        greedy(FixedModel([[math.nan] * 5]), *one_source(), length_rule())


def test_the_model_s_own_log_probabilities_are_not_written_over() -> None:
    given_ = torch.zeros(2, 5)
    masked = allowed(given_, 0, torch.tensor([0, 4]), min_length=0)
    assert torch.equal(given_, torch.zeros(2, 5))
    assert masked.tolist() == [
        [-math.inf, -math.inf, -math.inf, 0, -math.inf],
        [-math.inf, 0, -math.inf, 0, 0],
    ]


def test_length_limits_by_hand() -> None:
    lengths = torch.tensor([1, 2, 3, 20])
    assert length_rule(1.5, 10).limits(lengths).tolist() == [11, 13, 14, 40]
    assert length_rule(0, 7).limits(lengths).tolist() == [7, 7, 7, 7]
    assert length_rule(1, 0, min_length=3).limits(lengths).tolist() == [3, 3, 3, 20]


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"ratio": -0.5}, "max_length_ratio is -0.5; expected a number of at least 0"),
        ({"ratio": math.nan}, "max_length_ratio is nan; expected a number of at least 0"),
        ({"offset": -1}, "max_length_offset is -1; expected a number of at least 0"),
        ({"min_length": -2}, "min_length is -2; expected a number of at least 0"),
    ],
)
def test_length_rules_out_of_range(given_: dict[str, float], message: str) -> None:
    with pytest.raises(InputError) as raised:
        length_rule(**given_)  # pyright: ignore[reportArgumentType]
    assert str(raised.value) == message


@settings(deadline=None)
@given(
    st.integers(1, 7).flatmap(
        lambda width: st.lists(st.lists(st.integers(-3, 0), min_size=width, max_size=width), min_size=1)
    ),
    st.data(),
)
def test_largest_is_a_stable_sort(rows: list[list[int]], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(rows[0])))
    values, columns = largest(torch.tensor(rows).float(), count)
    for row, value, column in zip(rows, values.tolist(), columns.tolist(), strict=True):
        order = sorted(range(len(row)), key=lambda place: -row[place])[:count]
        assert column == order
        assert value == [row[place] for place in order]


def test_largest_orders_what_stands_above_minus_infinity() -> None:
    values, columns = largest(torch.tensor([[-math.inf, -1.0, -math.inf, -0.5, -math.inf, -1.0]]), 4)
    assert values.tolist() == [[-0.5, -1.0, -1.0, -math.inf]]
    assert columns[:, :3].tolist() == [[3, 1, 5]]


class Ranking(HashedModel):
    """The same model, which tells its likeliest tokens and would fail if it were asked for all."""

    def best(self, tokens: torch.Tensor, state: Hashed, count: int) -> tuple[Ranked, Hashed]:
        answer, state = super().step(tokens, state)
        return ranked(answer, count), state

    def step(self, tokens: torch.Tensor, state: Hashed) -> tuple[torch.Tensor, Hashed]:
        raise AssertionError("nobody needs all log-probabilities")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("rule", [length_rule(0.5, 2), length_rule(1, 1, min_length=4)])
def test_ranking_models_are_asked_for_their_likeliest_tokens(seed: int, rule: LengthRule) -> None:
    given_ = sources()
    plain, ranking = HashedModel(seed, 9), Ranking(seed, 9)
    assert greedy(ranking, *given_, rule) == greedy(plain, *given_, rule)
    for width in (1, 3, 40):
        searched = beam_settings(width, n_best=1, max_length=rule)
        assert beam(ranking, *given_, searched) == beam(plain, *given_, searched)


def test_ranks_know_neither_pad_nor_bos_and_all_where_there_are_few() -> None:
    found = ranked(torch.tensor([[0.0, -2.0, 0.0, -1.0, -1.0]]), 9)
    assert found.tokens[0, :3].tolist() == [3, 4, 1]
    assert found.values[0].tolist() == [-1, -1, -2, -math.inf, -math.inf]
    assert found.ends.tolist() == [-1]


def test_restrained_ranks_by_hand() -> None:
    ranks = Ranked(
        torch.tensor([[-1.0, -2.0], [-1.0, -2.0]]), torch.tensor([[3, 4], [4, 5]]), torch.tensor([-1.0, -9.0])
    )
    held = restrained(ranks, 0, torch.tensor([5, 5]), min_length=1)
    assert held.values.tolist() == [[-math.inf, -2], [-1, -2]]
    full = restrained(ranks, 5, torch.tensor([6, 5]), min_length=1)
    assert full.values.tolist() == [[-1, -2], [-9, -math.inf]]
    assert full.tokens.tolist() == [[3, 4], [3, 3]]
    assert ranks.values.tolist() == [[-1, -2], [-1, -2]]


def test_attending_models_are_told_by_their_method() -> None:
    assert not isinstance(HashedModel(0), AttendingModel)
