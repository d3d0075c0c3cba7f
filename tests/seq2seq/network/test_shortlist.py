"""Search among some of the words: as if the model's output layer had no others."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from chosen import beam_settings, length_rule
from throughtime.decoding.beam import beam
from throughtime.decoding.stepping import greedy
from throughtime.errors import InputError
from throughtime.layers.ranking import ranked
from throughtime.seq2seq.config import SearchConfig
from throughtime.seq2seq.network.model import Translator
from throughtime.seq2seq.network.shortlist import Shortlisted
from throughtime.seq2seq.network.stepper import stepper
from throughtime.seq2seq.pipeline import load_pipeline
from throughtime.text.tokenizer import Tokenizers

SRC, LENGTHS = torch.tensor([[4, 5, 3], [6, 3, 0]]), torch.tensor([3, 2])
LEXICON = torch.zeros(12, 2, dtype=torch.int64)
LEXICON[4], LEXICON[5], LEXICON[6], LEXICON[7] = map(torch.tensor, ([7, 9], [9, 0], [11, 0], [10, 10]))
WORDS = [0, 1, 2, 3, 4, 7, 9, 11]  # the first five, and what 3, 4, 5 and 6 become

kinds = pytest.mark.parametrize("attention", ["none", "dot"])


def shortened(model: Translator) -> Shortlisted:
    return Shortlisted(stepper(model), LEXICON, frequent=5)


@kinds
def test_probabilities_are_of_its_words_alone(
    letter_model: Callable[..., Translator], attention: str
) -> None:
    model = letter_model(0, attention=attention)
    short, full = shortened(model), stepper(model)
    state, whole = short.start(SRC, LENGTHS), full.start(SRC, LENGTHS)
    assert state.words.tolist() == WORDS
    for tokens in (torch.tensor([2, 2]), torch.tensor([7, 9])):
        expected, whole = full.step(tokens, whole)
        found, after = short.step(tokens, state)
        others = [word for word in range(12) if word not in WORDS]
        assert bool((found[:, others] == -math.inf).all())
        assert_close(found[:, WORDS], expected[:, WORDS].log_softmax(1))
        ranks, state = short.best(tokens, state, 4)
        for one, other in zip(ranks, ranked(found, 4), strict=True):
            assert_close(one, other)
        assert_close(state.inside.state, after.inside.state)
        assert (short.attention(state) is None) == (attention == "none")
    rows = torch.tensor([1, 1, 0])
    expected, _ = short.step(torch.tensor([4, 4]), state)
    assert_close(short.step(torch.tensor([4, 4, 4]), short.select(state, rows))[0], expected[rows])


@kinds
def test_of_all_words_it_is_the_model(letter_model: Callable[..., Translator], attention: str) -> None:
    model = letter_model(0, attention=attention)
    every = Shortlisted(stepper(model), LEXICON, frequent=50)
    rule, settings = length_rule(), beam_settings(3, n_best=2)
    assert greedy(every, SRC, LENGTHS, rule) == greedy(stepper(model), SRC, LENGTHS, rule)
    assert beam(every, SRC, LENGTHS, settings) == beam(stepper(model), SRC, LENGTHS, settings)


def test_search_writes_its_words_alone_and_what_is_allowed_for_a_batch(
    letter_model: Callable[..., Translator],
) -> None:
    for seed in range(4):
        short = shortened(letter_model(seed))
        for ranks in beam(short, SRC, LENGTHS, beam_settings(4, n_best=4)):
            assert all(set(one.tokens) <= set(WORDS) for one in ranks)
    more = short.allowing([8, 8, 10])
    assert more.start(SRC, LENGTHS).words.tolist() == sorted([*WORDS, 8, 10])
    assert short.start(SRC, LENGTHS).words.tolist() == WORDS


def test_a_pipeline_with_prefixes_and_what_must_be(
    saved_letters: Callable[..., Path], letters: Tokenizers, tmp_path: Path
) -> None:
    path, lexicon = saved_letters(tmp_path / "m.safetensors"), tmp_path / "lex.tsv"
    lexicon.write_text("a\tb\t0.5\na\tc\t0.4\nb\tc\t1\n", encoding="utf-8")
    how = dict(shortlist=lexicon, shortlist_best=1, shortlist_frequent=1)
    plain = load_pipeline([path], SearchConfig(**how))
    texts = list(plain.texts(["a a", "b b", ""]))
    assert set(" ".join(texts).split()) <= {"b", "c", "<unk>"}
    pipeline = load_pipeline([path], SearchConfig(**how, must=("e f",)))
    (found,) = pipeline.lines(["a b"], prefixes=["g h"])
    assert found[0].text.startswith("g h") and "e f" in found[0].text and pipeline.unmet == 0


def test_what_a_shortlist_is_not_for(
    saved_letters: Callable[..., Path], tiny_translator: Callable[..., Translator], tmp_path: Path
) -> None:
    path, lexicon = saved_letters(tmp_path / "m.safetensors"), tmp_path / "lex.tsv"
    lexicon.write_text("a\tb\t0.5\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_pipeline([path, path], SearchConfig(shortlist=lexicon))
    assert str(caught.value) == "a shortlist is given with an ensemble; expected one model"
    with pytest.raises(InputError) as caught:
        SearchConfig(shortlist=lexicon, quantise="int8")
    assert str(caught.value) == "shortlist and quantise int8 are both given; expected one of them"
    with pytest.raises(InputError) as caught:
        SearchConfig(shortlist_best=0)
    assert str(caught.value) == "shortlist_best is 0; expected at least 1"
    with pytest.raises(InputError) as caught:
        Shortlisted(stepper(tiny_translator(output="adaptive")), LEXICON, 5)
    assert str(caught.value) == ("the model's output is adaptive; a shortlist needs a layer over all words")
    with pytest.raises(InputError, match="the model copies words; a shortlist needs a model that writes all"):
        Shortlisted(stepper(tiny_translator(attention="dot", encoder_size=6, copying=True)), LEXICON, 5)
