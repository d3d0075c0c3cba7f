from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from chosen import beam_settings, length_rule, sample_settings
from throughtime.decoding.stepping import State
from throughtime.errors import InputError
from throughtime.layers.special_ids import EOS_ID, SPECIALS
from throughtime.seq2seq.config import DataConfig, SearchConfig
from throughtime.seq2seq.model_file import save_model
from throughtime.seq2seq.network.model import Translator
from throughtime.seq2seq.network.stepper import stepper
from throughtime.seq2seq.pipeline import (
    LONGEST_PIECE,
    TOKENS_TOGETHER,
    Candidate,
    Decoder,
    Pipeline,
    decoder_of,
    load_pipeline,
    longest_line,
    pieces,
)
from throughtime.text.pair_cleaning import TOKENS_OF_A_WORD
from throughtime.text.tokenizer import UNKNOWN, Tokenizers, Words

LETTERS = list("abcdefgh")
LONGEST_SOURCE = TOKENS_OF_A_WORD * LONGEST_PIECE
SHORT = SearchConfig("greedy", max_length_offset=3)
MakePipeline = Callable[..., Pipeline]

ODD_LINES = [
    "",
    "a b c",
    "   ",
    "\t\t",
    "a\tb\tc",
    "d\u2028e\u2028f",
    "a\x00b\x01\x1b[31mc",
    "\x85\x0b\x0c",
    "\ud83d a \udc00",
    "🙂 👨‍👩‍👧‍👦 a",
    "猫がパンを食べる。",
    "кошка ест хлеб",
    "قطة تأكل الخبز",
    "a\u00a0b\u202fc",
    "\u00a0\u2007",
    "﻿a",
    "b" * 3000,
    "a b c",
    "<pad> <s> </s> <unk>",
    "",
]


@pytest.fixture
def pipeline(letter_model: Callable[..., Translator], letters: Tokenizers) -> MakePipeline:
    """An untrained translator of letters, ready to run."""

    def make(
        decoder: Decoder | None = None, seed: int = 0, generator: int = 0, **changes: object
    ) -> Pipeline:
        model = stepper(letter_model(seed, **changes))
        return Pipeline(model, letters, decoder or length_rule(offset=3), generator)

    return make


def random_lines(number: int) -> list[str]:
    draw = random.Random(0)
    return [" ".join(draw.choices("abcdefgh", k=draw.randint(0, 9))) for _ in range(number)]


@pytest.mark.parametrize(
    "decoder",
    [length_rule(), beam_settings(beam_size=3), sample_settings()],
    ids=["greedy", "beam", "sample"],
)
def test_every_line_has_its_translation_in_its_place(pipeline: MakePipeline, decoder: Decoder) -> None:
    texts = list(pipeline(decoder).texts(ODD_LINES))
    assert len(texts) == len(ODD_LINES)
    assert all(isinstance(text, str) and "\n" not in text for text in texts)
    nothing = [
        k for k, line in enumerate(ODD_LINES) if not line.strip() or not line.strip("\x00\x01\x85\x0b\x0c")
    ]
    assert nothing == [0, 2, 3, 7, 14, 19]
    assert [texts[k] for k in nothing] == [""] * 6


def test_what_comes_out_hangs_on_the_line_alone(pipeline: MakePipeline) -> None:
    lines = [*random_lines(40), *ODD_LINES]
    one_by_one = list(pipeline().texts(lines, batch_size=1))
    assert len(set(one_by_one)) > 15
    for batch_size in (2, 7, 64, 1000):
        assert list(pipeline().texts(lines, batch_size=batch_size)) == one_by_one


def test_beam_search_of_a_batch_equals_one_line_at_a_time(pipeline: MakePipeline) -> None:
    lines = random_lines(20)
    settings = beam_settings(beam_size=4, n_best=3, coverage_penalty=0.2)
    together = list(pipeline(settings).lines(lines))
    alone = list(pipeline(settings).lines(lines, batch_size=1))
    for whole, single in zip(together, alone, strict=True):
        assert [one.text for one in whole] == [one.text for one in single]
        assert [one.score for one in whole] == pytest.approx([one.score for one in single], rel=1e-4)


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.text(st.characters(exclude_characters="\n"), max_size=20), max_size=6))
def test_any_text_keeps_order_and_number(pipeline: MakePipeline, lines: list[str]) -> None:
    texts = list(pipeline().texts(lines))
    assert len(texts) == len(lines)
    for k, line in enumerate(lines):
        assert list(pipeline().texts([line])) == [texts[k]]


def test_lines_are_read_no_further_than_a_batch(pipeline: MakePipeline) -> None:
    read: list[int] = []

    def source():
        for k in range(100):
            read.append(k)
            yield "a b"

    translations = pipeline().texts(source(), batch_size=3)
    assert next(translations) is not None
    assert read == [0, 1, 2]


def test_a_line_of_ten_thousand_words_is_one_line(pipeline: MakePipeline) -> None:
    draw = random.Random(1)
    words = draw.choices("abcdefgh", k=10_000)
    line = " ".join(words)
    first, long, last = pipeline().texts(["a b", line, "c"])
    parts = [" ".join(words[k : k + LONGEST_PIECE]) for k in range(0, 10_000, LONGEST_PIECE)]
    assert long == " ".join(pipeline().texts(parts))
    assert [first, last] == list(pipeline().texts(["a b", "c"]))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        (" \t\u2028\u00a0 ", []),
        ("  a\t\tb\u2003c ", ["a b c"]),
        ("Ça va\u00a0? Oui\u202f!", ["Ça va\u00a0? Oui\u202f!"]),  # as the tokenizers saw it in training
        ("e\u0301te\u0301", ["été"]),
        (" ".join(["w"] * 100), [" ".join(["w"] * 100)]),
        (" ".join(["w"] * 101), [" ".join(["w"] * 100), "w"]),
        (
            " ".join(["w"] * 60 + ["end."] + ["v"] * 50 + ["really?"] + ["u"]),
            [" ".join(["w"] * 60 + ["end."]), " ".join(["v"] * 50 + ["really?"]), "u"],
        ),
    ],
)
def test_pieces_of_a_line(line: str, expected: list[str]) -> None:
    assert pieces(line) == expected


def test_a_model_of_longer_lines_takes_them_whole() -> None:
    story = " ".join(["Mary went home."] * 50) + " Where is she?"
    assert len(pieces(story)) == 51
    longest = longest_line([DataConfig(max_words=1000), DataConfig(max_words=400)])
    assert longest == 400 and pieces(story, longest) == [story]
    assert longest_line([DataConfig()]) == LONGEST_PIECE


def test_pieces_of_long_lines_hold_all_words_in_order() -> None:
    draw = random.Random(2)
    words = draw.choices(["one", "two.", "three!", "four"], weights=[30, 1, 1, 30], k=5000)
    parts = pieces(" ".join(words))
    assert " ".join(parts).split() == words
    assert max(len(part.split()) for part in parts) <= LONGEST_PIECE


class Counting:
    """A tokenizer of characters, and a model that copies nothing but notes what it is given."""

    kind = "characters"
    vocab_size = 10
    unknowns = UNKNOWN

    def __init__(self) -> None:
        self.shapes: list[tuple[int, int]] = []

    def encode(self, text: str) -> list[int]:
        return [4 + ord(character) % 6 for character in text]

    def surfaces(self, text: str) -> list[str]:
        return list(text)

    def decode(self, ids: list[int], unknown: object = None) -> str:
        return str(len(ids))

    def start(self, src: Tensor, src_lengths: Tensor) -> State:
        self.shapes.append((src.shape[0], src.shape[1]))
        return src_lengths

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        answer = torch.full((len(tokens), self.vocab_size), -5.0)
        answer[:, EOS_ID] = 0
        return answer, state

    def select(self, state: State, rows: Tensor) -> State:
        return state[rows]


def test_searches_are_bounded_in_tokens_and_ordered_by_length() -> None:
    model = Counting()
    pipeline = Pipeline(model, Tokenizers(model, model), length_rule())
    line = " ".join(["w"] * 60_000)  # 600 pieces of 199 characters
    texts = list(pipeline.texts([line, "ab", line, "x" * (2 * LONGEST_SOURCE + 5)]))
    assert [len(text.split()) for text in texts] == [600, 1, 600, 3]
    assert model.shapes[0][1] <= model.shapes[-1][1] == LONGEST_SOURCE + 1
    assert sum(rows for rows, _ in model.shapes) == 1204
    assert all(rows * width <= TOKENS_TOGETHER for rows, width in model.shapes)
    assert len(model.shapes) < 25


def test_sources_of_like_length_are_searched_together() -> None:
    model = Counting()
    lengths = list(range(1, 391))
    random.Random(0).shuffle(lengths)
    pipeline = Pipeline(model, Tokenizers(model, model), length_rule())
    list(pipeline.texts(["x" * length for length in lengths], batch_size=1000))
    widths = [width for _, width in model.shapes]
    assert widths == sorted(set(widths))
    assert sum(rows * width for rows, width in model.shapes) < 1.25 * sum(lengths)


def test_n_best_are_different_and_fall_in_score(pipeline: MakePipeline) -> None:
    lines = ["a b c", "", "d"]
    found = list(pipeline(beam_settings(beam_size=6, n_best=4)).lines(lines))
    assert [len(candidates) for candidates in found] == [4, 1, 4]
    assert found[1] == [Candidate("", 0.0)]
    for candidates in (found[0], found[2]):
        assert [one.score for one in candidates] == sorted((one.score for one in candidates), reverse=True)
    best = list(pipeline(beam_settings(beam_size=6)).texts(lines))
    assert [candidates[0].text for candidates in found] == best


def test_candidates_of_a_line_in_pieces_are_joined_by_rank(pipeline: MakePipeline) -> None:
    first, second = " ".join(["a"] * LONGEST_PIECE), "b c"
    settings = beam_settings(beam_size=2, n_best=2)
    ones, others = pipeline(settings).lines([first, second])
    (joined,) = pipeline(settings).lines([f"{first} {second}"])
    for whole, one, other in zip(joined, ones, others, strict=True):
        assert whole.text == f"{one.text} {other.text}"
        assert whole.score == pytest.approx(one.score + other.score, rel=1e-4)


def test_sampling_is_repeated_by_its_seed(pipeline: MakePipeline) -> None:
    lines = random_lines(10)
    draws = [list(pipeline(sample_settings(n_best=2), generator=seed).lines(lines)) for seed in (3, 3, 4)]
    assert draws[0] == draws[1]
    assert draws[0] != draws[2]
    assert {len(candidates) for line, candidates in zip(lines, draws[0], strict=True) if line} == {2}


def test_one_pipeline_goes_on_drawing(pipeline: MakePipeline) -> None:
    sampler = pipeline(sample_settings())
    assert list(sampler.texts(["a b c d"] * 8)) != list(sampler.texts(["a b c d"] * 8))


def test_loaded_model_translates_as_the_saved_one(
    pipeline: MakePipeline, saved_letters: Callable[..., Path], tmp_path: Path
) -> None:
    path = saved_letters(tmp_path / "m.safetensors", seed=3)
    lines = random_lines(12)
    assert list(load_pipeline([path], SHORT).texts(lines)) == list(pipeline(seed=3).texts(lines))


def test_ensemble_of_a_model_with_itself_is_the_model(
    saved_letters: Callable[..., Path], tmp_path: Path
) -> None:
    path = saved_letters(tmp_path / "m.safetensors")
    lines, settings = random_lines(12), SearchConfig(n_best=3)
    alone = list(load_pipeline([path], settings).lines(lines))
    twice = list(load_pipeline([path, path], settings).lines(lines))
    for one, other in zip(alone, twice, strict=True):
        assert [candidate.text for candidate in one] == [candidate.text for candidate in other]
        assert [c.score for c in one] == pytest.approx([c.score for c in other], rel=1e-4)


def test_ensemble_of_two_is_neither(saved_letters: Callable[..., Path], tmp_path: Path) -> None:
    one = saved_letters(tmp_path / "one.safetensors", seed=1, attention="mlp", cell="gru")
    two = saved_letters(tmp_path / "two.safetensors", seed=2)
    lines = random_lines(30)
    texts = [
        list(load_pipeline(paths, SHORT).texts(lines)) for paths in ([one], [two], [one, two], [two, one])
    ]
    assert texts[2] == texts[3]
    assert texts[2] not in texts[:2]


def test_ensemble_refuses_other_vocabularies(saved_letters: Callable[..., Path], tmp_path: Path) -> None:
    other = Words(list("abcdefgi"), "en")
    one = saved_letters(tmp_path / "one.safetensors")
    two = saved_letters(tmp_path / "two.safetensors", tokenizers=Tokenizers(other, other))
    with pytest.raises(InputError) as caught:
        load_pipeline([one, two], SHORT)
    assert str(caught.value) == (
        f"{two} and {one} have different target vocabularies; an ensemble needs the same in all"
    )


def test_members_may_read_by_vocabularies_of_their_own(
    letters: Tokenizers, letter_model: Callable[..., Translator], tmp_path: Path
) -> None:
    """A model and itself with its source words numbered otherwise write what it writes alone."""
    model = letter_model(3, tie_embeddings="none")
    paths = [tmp_path / "one.safetensors", tmp_path / "two.safetensors"]
    save_model(paths[0], model.config, model.state_dict(), letters, {})
    turned = Words(LETTERS[::-1], "en")
    weights = dict(model.state_dict())
    vectors = weights["src_embedding.weight"].clone()
    vectors[len(SPECIALS) :] = vectors[len(SPECIALS) :].flip(0)
    weights["src_embedding.weight"] = vectors
    save_model(paths[1], model.config, weights, Tokenizers(turned, letters.tgt), {})
    lines = [*random_lines(20), " ".join("abcdefgh" * 60)]
    alone = load_pipeline(paths[:1], SHORT)
    together = load_pipeline(paths, SHORT, weights=[1, 2], counting=True)
    assert len(together.readers) == 2 and not alone.readers
    assert list(together.texts(lines)) == list(alone.texts(lines))
    one, other = together.votes
    assert one.agreed == other.agreed > 0.8 * one.tokens  # where length ends a text, eos is nobody's choice


def test_one_model_with_a_weight_is_that_model(saved_letters: Callable[..., Path], tmp_path: Path) -> None:
    path = saved_letters(tmp_path / "m.safetensors")
    lines = random_lines(5)
    plain, weighted = (load_pipeline([path], SHORT, weights=one) for one in ((), (2.0,)))
    assert list(plain.texts(lines)) == list(weighted.texts(lines))
    with pytest.raises(InputError, match="expected a number above 0 for each of 1"):
        load_pipeline([path], SHORT, weights=[1.0, 2.0])


def test_search_of_a_configuration() -> None:
    rule = length_rule(2.0, 4)
    limits = dict(max_length_ratio=2.0, max_length_offset=4)
    assert decoder_of(SearchConfig("greedy", **limits)) == rule
    assert decoder_of(
        SearchConfig(beam_size=7, length_penalty=0.5, coverage_penalty=0.1, n_best=3, **limits)
    ) == beam_settings(7, 0.5, 0.1, 3, rule)
    assert decoder_of(
        SearchConfig("sample", n_best=2, temperature=0.7, top_k=5, top_p=0.9, **limits)
    ) == sample_settings(2, 0.7, 5, 0.9, rule)
    assert decoder_of(SearchConfig()) == beam_settings()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (dict(beam_size=0), "beam_size is 0; expected at least 1"),
        (dict(n_best=6), "n_best is 6; expected 1 to beam_size, which is 5"),
        (dict(length_penalty=-1.0), "length_penalty is -1.0; expected a number of at least 0"),
        (dict(search="sample", temperature=0.0), "temperature is 0.0; expected a number above 0"),
        (dict(search="sample", top_p=1.5), "top_p is 1.5; expected a number above 0 and at most 1"),
        (
            dict(search="greedy", n_best=3),
            "n_best is 3, but greedy search writes one translation; expected 1",
        ),
        (dict(seed=-1), "seed is -1; expected 0 or more and below 2**63"),
    ],
)
def test_search_settings_out_of_range(settings: dict[str, object], told: str) -> None:
    with pytest.raises(InputError) as caught:
        decoder_of(SearchConfig(**settings))
    assert str(caught.value) == told
