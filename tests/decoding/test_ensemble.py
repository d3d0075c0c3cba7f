from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from chosen import beam_settings, length_rule
from hashed_model import AttendingHashedModel, FixedModel, HashedModel, sources
from throughtime.decoding.beam import beam
from throughtime.decoding.ensemble import Ensemble, Vote, count_votes
from throughtime.decoding.stepping import AttendingModel, StepModel, greedy
from throughtime.errors import InputError


def first_step(model: StepModel) -> Tensor:
    src, lengths = sources()
    return model.step(torch.full((len(src),), 2), model.start(src, lengths))[0]


@pytest.mark.parametrize("weights", [None, [0.3, 0.7]])
def test_one_model_twice_is_that_model(weights: Sequence[float] | None) -> None:
    src, lengths = sources()
    model = HashedModel(0, vocab_size=9)
    twice = Ensemble([model, model], weights)
    torch.testing.assert_close(first_step(twice), first_step(model))
    settings = beam_settings(4, n_best=3)
    for found, expected in zip(
        beam(twice, src, lengths, settings), beam(model, src, lengths, settings), strict=True
    ):
        assert [one.tokens for one in found] == [one.tokens for one in expected]
        assert [one.score for one in found] == pytest.approx([one.score for one in expected])


def test_one_model_alone_is_that_model() -> None:
    src, lengths = sources()
    model = HashedModel(1)
    assert torch.equal(first_step(Ensemble([model])), first_step(model))
    rule = length_rule()
    assert greedy(Ensemble([model]), src, lengths, rule) == greedy(model, src, lengths, rule)


def test_probabilities_are_averaged_and_not_their_logarithms() -> None:
    one, other = FixedModel([[0, 0, 0, 0.2, 0.8, 0]]), FixedModel([[0, 0, 0, 0.6, 0.0, 0.4]])
    mean = first_step(Ensemble([one, other], [3, 1]))[0].exp()
    torch.testing.assert_close(mean, torch.tensor([0, 0, 0, 0.3, 0.6, 0.1], dtype=torch.float64))


def test_what_no_member_allows_stays_impossible() -> None:
    members = [FixedModel([[0, 0, 0, 0.2, 0.8]]), FixedModel([[0, 0, 0, 0.6, 0.4]])]
    assert first_step(Ensemble(members))[0, :3].tolist() == [-math.inf] * 3


def test_the_order_of_members_does_not_matter() -> None:
    src, lengths = sources()
    members = [HashedModel(seed) for seed in range(3)]
    settings = beam_settings(3)
    forwards = beam(Ensemble(members, [1, 2, 3]), src, lengths, settings)
    backwards = beam(Ensemble(members[::-1], [3, 2, 1]), src, lengths, settings)
    assert [one[0].tokens for one in forwards] == [one[0].tokens for one in backwards]


def test_members_of_different_kinds_keep_their_own_states() -> None:
    src, lengths = sources()
    members = [HashedModel(0), FixedModel([[0, 0, 0, 0.1, 0.2, 0.7], [0, 0, 0, 0.5, 0.4, 0.1]])]
    together = Ensemble(members)
    rows, tokens = torch.tensor([4, 0, 0]), torch.tensor([5, 4, 1])
    state = together.select(together.step(torch.full((len(src),), 2), together.start(src, lengths))[1], rows)
    answers: list[Tensor] = []
    for model in members:
        own = model.select(model.step(torch.full((len(src),), 2), model.start(src, lengths))[1], rows)
        answers.append(model.step(tokens, own)[0].exp())
    torch.testing.assert_close(together.step(tokens, state)[0].exp(), (answers[0] + answers[1]) / 2)


def test_attention_is_averaged() -> None:
    src, lengths = sources()
    members = [AttendingHashedModel(0), AttendingHashedModel(1)]
    together = Ensemble(members, [1, 3])
    assert isinstance(together, AttendingModel)
    _, state = together.step(torch.full((len(src),), 2), together.start(src, lengths))
    expected = 0.25 * members[0].attention(state[0]) + 0.75 * members[1].attention(state[1])
    torch.testing.assert_close(together.attention(state), expected)


def test_a_member_without_attention_leaves_the_ensemble_without() -> None:
    src, lengths = sources()
    together = Ensemble([AttendingHashedModel(0), HashedModel(1)])
    with pytest.raises(InputError, match="there is no attention to sum up"):
        beam(together, src, lengths, beam_settings(coverage_penalty=0.1))


def test_members_read_sources_of_their_own() -> None:
    src, lengths = sources()
    other = (src.flip(0).repeat(1, 2), 2 * lengths.flip(0))
    members = [AttendingHashedModel(0), AttendingHashedModel(1)]
    together = Ensemble(members).reading([(src, lengths), other])
    tokens = torch.full((len(src),), 2)
    pairs = zip(members, [(src, lengths), other], strict=True)
    answers = [model.step(tokens, model.start(*own))[0].exp() for model, own in pairs]
    found, state = together.step(tokens, together.start(src, lengths))
    torch.testing.assert_close(found.exp(), (answers[0] + answers[1]) / 2)
    assert together.attention(state) is None  # there are no positions in common
    assert Ensemble(members).attention(Ensemble(members).start(src, lengths)) is not None


def test_votes_are_what_members_say_of_what_was_written() -> None:
    src, lengths = sources()
    sure = FixedModel([[0, 0, 0, 0.1, 0.9, 0], [0, 0, 0, 0.9, 0.1, 0]])
    unsure = FixedModel([[0, 0, 0, 0.2, 0.3, 0.5]])
    votes = [Vote(), Vote()]
    written = [[4], [4, 5], *[[4]] * (len(src) - 2)]
    count_votes(Ensemble([sure, unsure]), src, lengths, written, votes)
    tokens = 2 * len(src) + 1
    assert [vote.tokens for vote in votes] == [tokens, tokens]
    # The first member holds 4 likeliest at first and eos (3) from then on, the second always 5.
    assert [vote.agreed for vote in votes] == [tokens - 1, 1]
    assert votes[0].log_probability == -math.inf  # it never writes 5
    expected = (len(src)) * math.log(0.3) + len(src) * math.log(0.2) + math.log(0.5)
    assert votes[1].log_probability == pytest.approx(expected)


def test_a_model_twice_votes_alike() -> None:
    src, lengths = sources()
    model, votes = HashedModel(3), [Vote(), Vote()]
    written = [one.tokens for one in greedy(model, src, lengths, length_rule())]
    count_votes(Ensemble([model, model]), src, lengths, written, votes)
    assert votes[0] == votes[1] and votes[0].tokens == sum(len(text) + 1 for text in written)


@pytest.mark.parametrize(
    ("sizes", "weights", "message"),
    [
        ([], None, "the ensemble has no models; expected at least one"),
        ([6, 7], None, "the models have target vocabularies of [6, 7] tokens; expected one common size"),
        (
            [6, 6],
            [1.0],
            "the ensemble's weights are [1.0]; expected a number above 0 for each of 2",
        ),
        (
            [6],
            [0.0],
            "the ensemble's weights are [0.0]; expected a number above 0 for each of 1",
        ),
        (
            [6],
            [math.nan],
            "the ensemble's weights are [nan]; expected a number above 0 for each of 1",
        ),
    ],
)
def test_members_that_do_not_fit(sizes: list[int], weights: list[float] | None, message: str) -> None:
    with pytest.raises(InputError) as raised:
        Ensemble([HashedModel(0, size) for size in sizes], weights)
    assert str(raised.value) == message
