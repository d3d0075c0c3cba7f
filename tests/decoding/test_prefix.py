"""Texts that begin as they were told to."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest
import torch

from chosen import beam_settings, length_rule, sample_settings
from hashed_model import AttendingHashedModel, HashedModel, forced, sources
from throughtime.decoding.beam import beam
from throughtime.decoding.prefix import Prefixed
from throughtime.decoding.sampling import sample
from throughtime.decoding.stepping import LengthRule, greedy
from throughtime.seq2seq.network.model import Translator
from throughtime.seq2seq.network.stepper import stepper
from throughtime.seq2seq.pipeline import LONGEST_PIECE, Decoder, Pipeline
from throughtime.text.tokenizer import UNKNOWN_SIGN, Tokenizers, Words, train_subwords

SEEDS = range(4)
PREFIXES = [[4, 5], [], [5], [5, 5, 4, 4], [1]]
FLOOR = tuple(map(len, PREFIXES))
INNER = torch.tensor([False, False, False, False, True, False])  # 4 goes on with the word before it


def prefixed(seed: int) -> Prefixed:
    return Prefixed(AttendingHashedModel(seed), PREFIXES, INNER)


def rule(ratio: float = 0.5, offset: int = 1) -> LengthRule:
    return replace(length_rule(ratio, offset), floor=FLOOR)


@pytest.mark.parametrize("seed", SEEDS)
def test_full_width_is_exhaustive_search_among_texts_with_the_prefix(seed: int) -> None:
    src, lengths = sources()
    settings = beam_settings(200, 0.7, n_best=20, max_length=rule())
    found = beam(prefixed(seed), src, lengths, settings)
    limits = settings.max_length.limits(lengths).tolist()
    assert limits == [2, 1, 3, 4, 3]
    for row, prefix in enumerate(PREFIXES):
        rests = [rest for size in range(4) for rest in product([1, 4, 5], repeat=size)]
        texts = [[*prefix, *rest] for rest in rests if not (prefix and rest and rest[0] == 4)]
        expected: list[tuple[float, list[int]]] = []
        for text in texts:
            if len(text) <= limits[row]:
                total = sum(forced(HashedModel(seed), src[row], lengths[row], [*text, 3])[0])
                expected.append((total / ((6 + len(text)) / 6) ** 0.7, text))
        expected.sort(reverse=True)
        assert [one.tokens for one in found[row]] == [text for _, text in expected[:20]]
        assert [one.score for one in found[row]] == pytest.approx([score for score, _ in expected[:20]])


@pytest.mark.parametrize("seed", SEEDS)
def test_greedy_and_drawn_texts_begin_with_it_at_the_model_s_own_log_probability(seed: int) -> None:
    src, lengths = sources()
    drawn = sample(
        prefixed(seed),
        src,
        lengths,
        sample_settings(3, top_k=2, max_length=rule(1, 3)),
        torch.Generator().manual_seed(seed),
    )
    written = greedy(prefixed(seed), src, lengths, rule(1, 3))
    for row, prefix in enumerate(PREFIXES):
        for one in [written[row], *drawn[row]]:
            gains, looks = forced(AttendingHashedModel(seed), src[row], lengths[row], [*one.tokens, 3])
            assert one.tokens[: len(prefix)] == prefix
            assert not prefix or one.tokens[len(prefix) : len(prefix) + 1] != [4]
            assert one.log_probability == pytest.approx(sum(gains))
            assert one.looked == looks.argmax(1).tolist()[:-1]


@pytest.mark.parametrize("width", [1, 3])
def test_a_batch_gives_what_its_sentences_give_one_at_a_time(width: int) -> None:
    src, lengths = sources()
    settings = beam_settings(width, n_best=1, max_length=rule(1, 3))
    found = beam(prefixed(1), src, lengths, settings)
    for row, prefix in enumerate(PREFIXES):
        alone = Prefixed(AttendingHashedModel(1), [prefix], INNER)
        own = replace(settings, max_length=replace(settings.max_length, floor=(len(prefix),)))
        assert found[row] == beam(alone, src[[row]], lengths[[row]], own)[0]


def test_without_prefixes_nothing_changes() -> None:
    src, lengths = sources()
    free = Prefixed(AttendingHashedModel(2), [[]] * len(src), INNER)
    assert beam(free, src, lengths, beam_settings(3)) == beam(
        AttendingHashedModel(2), src, lengths, beam_settings(3)
    )


def test_an_impossible_prefix_stands_at_minus_infinity() -> None:
    src, lengths = sources()
    model = Prefixed(HashedModel(0, impossible=(5,)), [[4, 5]] * len(src), INNER)
    assert {one[0].score for one in beam(model, src, lengths, beam_settings(3))} == {-math.inf}


@pytest.mark.parametrize(
    "decoder",
    [length_rule(0, 2), beam_settings(3, n_best=2, max_length=length_rule(0, 2)), sample_settings()],
    ids=["greedy", "beam", "sample"],
)
def test_translations_begin_with_their_prefixes(
    letter_model: Callable[..., Translator], letters: Tokenizers, decoder: Decoder
) -> None:
    lines = ["a b c", "", "d", "e f", " ".join("ab" * LONGEST_PIECE)]
    prefixes = ["h g h g h", "a", "", "xyz b", "c c"]
    pipeline = Pipeline(stepper(letter_model()), letters, decoder)
    for batch_size in (1, 5):
        found = list(pipeline.lines(lines, batch_size, prefixes))
        assert found[1][0].text == ""
        for candidates, prefix in zip(found, prefixes, strict=True):
            assert candidates is found[1] or all(one.text.startswith(prefix) for one in candidates)
        assert found[4][0].text.split()[:2] == ["c", "c"]
        for part in found[4][0].parts[1:]:
            assert part.source.prefix == ""


def test_what_goes_on_with_a_word() -> None:
    text = ["low lower lowest, newer newest. widest", "the lowest, the newest l'un"] * 20
    subwords = train_subwords(text, 26, seed=0)
    names = subwords.names(range(subwords.vocab_size))
    expected = [
        name not in ("<pad>", "<unk>", "<s>", "</s>") and name[0] not in "\u2581,.'" for name in names
    ]
    assert subwords.inner() == expected
    assert {"\u2581", ",", "'"} & set(names) and any(expected)
    assert not any(Words(["a", "b"], "en").inner())


def test_characters_that_the_model_does_not_know_stand_in_the_prefix_as_they_are(
    tiny_config: Callable[..., object],
) -> None:
    text = ["low lower lowest newer newest widest", "the lowest the newest"] * 20
    subwords = train_subwords(text, 20, seed=0)
    torch.manual_seed(0)
    model = Translator(tiny_config(), subwords.vocab_size, subwords.vocab_size)  # pyright: ignore
    pipeline = Pipeline(stepper(model), Tokenizers(subwords, subwords), length_rule(0, 3))
    (found,) = pipeline.lines(["the lowest"], prefixes=["low 龍 new"])
    assert found[0].text.startswith("low 龍 new")
    assert UNKNOWN_SIGN not in found[0].text.removeprefix("low 龍 new")[:1]
