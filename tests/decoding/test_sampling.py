from __future__ import annotations

import math
from collections import Counter
from itertools import product

import pytest
import torch
from torch import Tensor

from chosen import length_rule, sample_settings
from hashed_model import FixedModel, HashedModel, forced, sources
from throughtime.decoding.sampling import SampleSettings, distribution, sample
from throughtime.decoding.stepping import greedy
from throughtime.errors import InputError

DRAWS = 20_000
SKEWED = [0.0, 0.1, 0.0, 0.2, 0.3, 0.4]
ENDS = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0]
LIMIT = {3: 16.27, 12: 32.91}
"""Chi-square exceeded once in 1,000 tries, by degrees of freedom."""


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def one_source() -> tuple[Tensor, Tensor]:
    return torch.tensor([[4, 3]]), torch.tensor([2])


def chi_square(counts: Counter[tuple[int, ...]], expected: dict[tuple[int, ...], float]) -> float:
    assert set(counts) <= set(expected)
    total = counts.total()
    return sum((counts[key] - total * share) ** 2 / (total * share) for key, share in expected.items())


def drawn(model: FixedModel | HashedModel, settings: SampleSettings) -> Counter[tuple[int, ...]]:
    found = sample(model, *one_source(), settings, seeded())[0]
    assert len(found) == settings.n_best
    return Counter(tuple(one.tokens) for one in found)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (sample_settings(), [0.2, 0.1, 0.3, 0.4]),
        (sample_settings(temperature=0.5), [0.04 / 0.3, 0.01 / 0.3, 0.09 / 0.3, 0.16 / 0.3]),
    ],
)
def test_tokens_come_as_often_as_they_should(settings: SampleSettings, expected: list[float]) -> None:
    rule = length_rule(0, 1)
    settings = sample_settings(DRAWS, settings.temperature, max_length=rule)
    shares = dict(zip([(), (1,), (4,), (5,)], expected, strict=True))
    assert chi_square(drawn(FixedModel([SKEWED, ENDS]), settings), shares) < LIMIT[3]


def test_texts_come_as_often_as_the_model_gives_them() -> None:
    model, limit = HashedModel(3), 2
    texts = [text for size in range(limit + 1) for text in product([1, 4, 5], repeat=size)]
    expected = {text: chance(model, text, limit) for text in texts}
    assert sum(expected.values()) == pytest.approx(1)
    counts = drawn(model, sample_settings(DRAWS, max_length=length_rule(0, limit)))
    assert chi_square(counts, expected) < LIMIT[len(texts) - 1]


def chance(model: HashedModel, text: tuple[int, ...], limit: int) -> float:
    """Product of p(token) / p(any allowed token); at the limit the end is certain."""
    result, src, lengths = 1.0, *one_source()
    for place, token in enumerate([*text, 3][:limit]):
        allowed = [forced(model, src[0], lengths[0], [*text[:place], v])[0][-1] for v in (1, 3, 4, 5)]
        own = forced(model, src[0], lengths[0], [*text[:place], token])[0][-1]
        result *= math.exp(own) / sum(map(math.exp, allowed))
    return result


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (sample_settings(top_k=2), [0, 0, 0, 0, 3 / 7, 4 / 7]),
        (sample_settings(top_k=50), SKEWED),
        (sample_settings(top_p=0.39), [0, 0, 0, 0, 0, 1]),
        (sample_settings(top_p=0.5), [0, 0, 0, 0, 3 / 7, 4 / 7]),
        (sample_settings(top_p=0.85), [0, 0, 0, 2 / 9, 3 / 9, 4 / 9]),
        (sample_settings(top_k=3, top_p=0.5), [0, 0, 0, 0, 3 / 7, 4 / 7]),
        (sample_settings(temperature=0.5, top_k=2), [0, 0, 0, 0, 9 / 25, 16 / 25]),
        (sample_settings(temperature=0.5, top_p=0.5), [0, 0, 0, 0, 0, 1]),
    ],
)
def test_cuts_by_hand(settings: SampleSettings, expected: list[float]) -> None:
    log_probabilities = torch.tensor([SKEWED, SKEWED], dtype=torch.float64).log()
    torch.testing.assert_close(
        distribution(log_probabilities, settings), torch.tensor([expected] * 2).double()
    )


def test_of_equal_tokens_top_k_keeps_the_lower_ids() -> None:
    chances = distribution(torch.zeros(1, 4), sample_settings(top_k=2))
    assert chances.tolist() == [[0.5, 0.5, 0, 0]]


@pytest.mark.parametrize("settings", [sample_settings(3, top_k=1), sample_settings(3, top_p=1e-6)])
def test_the_narrowest_cut_is_greedy(settings: SampleSettings) -> None:
    src, lengths = sources()
    model = HashedModel(1)
    for found, expected in zip(
        sample(model, src, lengths, settings, seeded()),
        greedy(model, src, lengths, settings.max_length),
        strict=True,
    ):
        assert found == [expected] * 3


def test_samples_stand_with_their_sources_and_carry_the_model_s_log_probability() -> None:
    src, lengths = sources()
    model = HashedModel(2)
    settings = sample_settings(4, temperature=2.0, top_p=0.9, max_length=length_rule(1, 1, min_length=1))
    found = sample(model, src, lengths, settings, seeded())
    for row, ones in enumerate(found):
        assert len(ones) == 4
        for one in ones:
            assert 1 <= len(one.tokens) <= int(lengths[row]) + 1
            gains, _ = forced(model, src[row], lengths[row], [*one.tokens, 3])
            assert one.log_probability == pytest.approx(sum(gains))
            assert one.score == one.log_probability


def test_the_generator_alone_decides() -> None:
    src, lengths = sources()
    settings = sample_settings(5)
    first = sample(HashedModel(0), src, lengths, settings, seeded(1))
    torch.manual_seed(99)
    assert sample(HashedModel(0), src, lengths, settings, seeded(1)) == first
    assert sample(HashedModel(0), src, lengths, settings, seeded(2)) != first


def test_where_nothing_is_possible_the_text_stops_at_minus_infinity() -> None:
    model = FixedModel([[0, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, 0]])
    found = sample(model, *one_source(), sample_settings(2, top_p=0.5), seeded())[0]
    assert [(one.tokens, one.score) for one in found] == [([4], -math.inf)] * 2


def test_no_sources_give_no_samples() -> None:
    nothing = torch.zeros(0, 3, dtype=torch.int64)
    assert sample(HashedModel(0), nothing, torch.zeros(0), sample_settings(2), seeded()) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n_best": 0}, "n_best is 0; expected at least 1"),
        ({"temperature": 0.0}, "temperature is 0.0; expected a number above 0"),
        ({"temperature": math.nan}, "temperature is nan; expected a number above 0"),
        ({"top_k": -1}, "top_k is -1; expected at least 1, or 0 for all tokens"),
        ({"top_p": 0.0}, "top_p is 0.0; expected a number above 0 and at most 1"),
        ({"top_p": 1.5}, "top_p is 1.5; expected a number above 0 and at most 1"),
    ],
)
def test_settings_out_of_range(given: dict[str, float], message: str) -> None:
    with pytest.raises(InputError) as raised:
        sample_settings(**given)  # pyright: ignore[reportArgumentType]
    assert str(raised.value) == message
