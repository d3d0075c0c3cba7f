"""Word alignment against loops by hand, and unknown words written by position."""

from __future__ import annotations

import json
import math
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.utils import clip_grad_norm_

from chosen import cleaning, length_rule
from throughtime.decoding.stepping import Hypothesis
from throughtime.decoding.unknown import UnknownWords
from throughtime.errors import InputError
from throughtime.files.pairs import Pair
from throughtime.layers.special_ids import EOS_ID, UNK_ID
from throughtime.seq2seq.config import DataConfig, ModelConfig, TrainConfig, TrainingConfig
from throughtime.seq2seq.data.prepare import prepare, write_tsv
from throughtime.seq2seq.model_file import load_model
from throughtime.seq2seq.network.stepper import stepper
from throughtime.seq2seq.pipeline import Pipeline
from throughtime.seq2seq.task import Sets, TranslationTask
from throughtime.text import alignment as module
from throughtime.text.alignment import NONE, ROUNDS, TENSION, Alignment, learn_alignment, prior
from throughtime.text.annotation import Annotation
from throughtime.text.pair_corpus import EncodedCorpus, build_text_corpus, encode_corpus
from throughtime.text.tokenizer import (
    FARTHEST,
    UNKNOWN,
    Tokenizer,
    Tokenizers,
    Words,
    tokenizer_from_asset,
    train_words,
)

ENGLISH = ["the", "a", "red", "big", "dog", "cat", "house", "eats", "sees"]
FRENCH = ["le", "un", "rouge", "grand", "chien", "chat", "maison", "mange", "voit"]
EN, FR = Words(ENGLISH, "en"), Words(FRENCH, "fr")
MEANINGS = dict(zip(ENGLISH, FRENCH, strict=True))


def corpus_of(pairs: Sequence[Pair], folder: Path) -> EncodedCorpus:
    text, _ = build_text_corpus(pairs, folder, cleaning(drop_duplicates=False))
    return encode_corpus(text, EN, FR, folder, 50)


def sentences(number: int, seed: int = 0) -> list[tuple[Pair, list[int]]]:
    """Made-up pairs, adjectives behind their nouns in French, and the source place of each French word."""
    draw, found = random.Random(seed), []
    for _ in range(number):
        one, other = (
            [draw.choice(ENGLISH[:2]), draw.choice(ENGLISH[2:4]), draw.choice(ENGLISH[4:7])] for _ in range(2)
        )
        english = [*one, draw.choice(ENGLISH[7:]), *other]
        places = [0, 2, 1, 3, 4, 6, 5]
        french = [MEANINGS[english[k]] for k in places]
        found.append((Pair(" ".join(english), " ".join(french)), places))
    return found


def by_hand(pairs: Sequence[tuple[list[int], list[int]]]) -> dict[tuple[int | None, int], float]:
    """t(target | source or None) after all rounds of expectation and maximisation, one word at a time."""
    t: dict[tuple[int | None, int], float] = defaultdict(lambda: 1.0)
    for _ in range(ROUNDS):
        counts: dict[tuple[int | None, int], float] = defaultdict(float)
        for src, tgt in pairs:
            for j, f in enumerate(tgt, 1):
                near = [math.exp(-TENSION * abs(i / len(src) - j / len(tgt))) for i in range(1, len(src) + 1)]
                scores = [(1 - NONE) * one / sum(near) * t[e, f] for e, one in zip(src, near, strict=True)]
                none = NONE * t[None, f]
                total = sum(scores) + none
                counts[None, f] += none / total
                for e, score in zip(src, scores, strict=True):
                    counts[e, f] += score / total
        sums: dict[int | None, float] = defaultdict(float)
        for (e, _), count in counts.items():
            sums[e] += count
        t = defaultdict(float, {(e, f): count / sums[e] for (e, f), count in counts.items()})
    return t


def test_learning_is_expectation_and_maximisation_by_hand(tmp_path: Path) -> None:
    texts = [
        Pair("the dog eats", "le chien mange"),
        Pair("the cat", "le chat"),
        Pair("a dog sees a cat", "un chien voit un chat"),
        Pair("the red dog", "le chien rouge"),
    ]
    learned = learn_alignment(corpus_of(texts, tmp_path), FR.vocab_size)
    t = by_hand([(EN.encode(pair.src), FR.encode(pair.tgt)) for pair in texts])
    found = {
        (code // FR.vocab_size, code % FR.vocab_size): chance
        for code, chance in zip(learned.couples.tolist(), learned.chances.tolist(), strict=True)
    }
    assert found == pytest.approx({key: value for key, value in t.items() if key[0] is not None})
    assert learned.alone.tolist() == pytest.approx([t[None, f] for f in range(FR.vocab_size)])


def test_words_that_change_places_are_found(tmp_path: Path) -> None:
    texts = sentences(300)
    learned = learn_alignment(corpus_of([pair for pair, _ in texts], tmp_path), FR.vocab_size)
    for pair, places in sentences(50, seed=1):
        src, tgt = EN.encode(pair.src), FR.encode(pair.tgt)
        assert learned.places(src, tgt, range(7)) == places
        assert learned.places(src, tgt, [5, 2]) == [6, 1]


def test_words_without_a_source_word_have_no_place() -> None:
    size = 10
    learned = Alignment(np.array([4 * size + 7]), np.array([0.3]), np.full(size, 0.1))
    assert learned.places([5, 4], [7, 8], [0, 1]) == [1, None]
    assert learned.places([], [7], [0]) == [None]


def test_the_prior_is_highest_along_the_diagonal() -> None:
    found = prior(4, 2)
    assert found.sum(1).tolist() == pytest.approx([1 - NONE] * 2)
    assert found.argmax(1).tolist() == [1, 3]
    assert found[0, 0] == found[0, 2]


def test_a_large_corpus_is_thinned_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = corpus_of([pair for pair, _ in sentences(100)], tmp_path)
    monkeypatch.setattr(module, "MOST_COUPLES", 49 * 30)
    assert sum(len(part) for part in module._of_equal_lengths(corpus)) == 25  # every fourth


def test_positions_are_ids_beyond_the_words() -> None:
    plain, words = Words(["b", "a"], "en"), Words(["b", "a"], "en", positions=True)
    assert plain.unknowns == UNKNOWN and plain.vocab_size == 6
    assert words.vocab_size == 6 + 2 * FARTHEST + 2 == len(words.cuts())
    told = [None, *range(-FARTHEST, FARTHEST + 1), None]
    assert words.unknowns == dict(zip([UNK_ID, *range(6, 22)], told, strict=True))
    assert words.encode("a c b") == [5, UNK_ID, 4]
    assert words.decode([5, 6, 4, 21]) == "a <unk> b <unk>"
    assert words.decode([5, 6, 4, 21], {1: "c"}) == "a c b <unk>"
    assert train_words(["a b b"], 6, "en", positions=True).to_asset() == words.to_asset()


def test_positions_outlive_being_saved_and_older_vocabularies_have_none() -> None:
    for words in (Words(["b", "a"], "en"), Words(["b", "a"], "en", positions=True)):
        again = tokenizer_from_asset(words.to_asset())
        assert (again.unknowns, again.vocab_size) == (words.unknowns, words.vocab_size)
        assert again.to_asset() == words.to_asset()
    assert json.loads(Words(["b"], "en").to_asset()) == {"language": "en", "words": ["b"]}


class Told:
    """An alignment that says what it is told."""

    def __init__(self, *places: int | None) -> None:
        self.told = list(places)

    def places(self, src: Any, tgt: Any, asked: Sequence[int]) -> list[int | None]:
        return [self.told[k] for k in asked]


def annotated(src: str, tgt: str, *places: int | None) -> list[int | None]:
    """What the target's ids tell of its unknown words."""
    words = Words(FRENCH, "fr", positions=True)
    annotation = Annotation(Told(*places), EN, words)  # pyright: ignore[reportArgumentType]
    written = annotation(Pair(src, tgt), EN.encode(src), words.encode(tgt))
    plain = words.encode(tgt)
    assert [a for a, b in zip(written, plain, strict=True) if b != UNK_ID] == [
        b for b in plain if b != UNK_ID
    ]
    assert UNK_ID not in written
    return [words.unknowns[a] for a, b in zip(written, plain, strict=True) if b == UNK_ID]


def test_unknown_words_are_written_by_how_far_off_they_stand() -> None:
    assert annotated("the big zebra eats", "le zèbre grand mange", 0, 2, 1, 3) == [1 - 2]
    assert annotated("the yak sees", "voit voit voit un yack le", 2, 2, 2, 0, 1, 0) == [4 - 1]
    assert annotated("the yak", "le yack", 0, None) == [None]
    far = "le " * (FARTHEST + 1)
    assert annotated("yak a", far + "yack", *[1] * (FARTHEST + 1), 0) == [None]
    assert annotated("yak a", far + "yack", *[1] * (FARTHEST + 1), 1) == [FARTHEST]


def test_words_that_both_sides_have_belong_together() -> None:
    assert annotated("the dog sees Rex", "le chien voit Rex", 0, 1, 2, 0) == [0]
    assert annotated("Rex sees Rex", "Rex voit Rex", 2, 1, 0) == [0, 0]
    assert annotated("Rex sees the big dog Rex", "voit Rex", 1, 0) == [1 - 5]  # nearer to half


def test_nothing_unknown_is_left_as_it_is() -> None:
    assert annotated("the dog", "le chien", 0, 1) == []


def test_a_position_says_which_word_is_shown() -> None:
    unknowns = Words(["x"], "fr", positions=True).unknowns
    off = {told: number for number, told in unknowns.items()}
    source = ["the", "Zebra", "eats", "xylophones"]
    unknown = UnknownWords({"zebra": "zèbre"})
    tokens = [4, off[0], off[-1], off[2], off[7], off[None]]
    assert unknown.filled(Hypothesis(tokens, 0, 0), source, unknowns) == {
        1: "zèbre",
        2: "xylophones",
        3: "zèbre",
    }
    looked = Hypothesis(tokens, 0, 0, looked=[0, 3, 3, 3, 3, 2])  # positions go before, attention helps out
    assert unknown.filled(looked, source, unknowns)[5] == "eats"
    assert unknown.filled(looked, source, unknowns)[1] == "zèbre"


NAMES = [a + b for a in ("bo", "ka", "zu", "mi", "fe", "ro") for b in ("lin", "tar", "pex", "dum", "gos")]


def named(number: int, seed: int = 0) -> list[Pair]:
    """Sentences of letters and a few rare names; in the target the last word comes first."""
    draw, found = random.Random(seed), []
    for _ in range(number):
        words = [draw.choice(NAMES if draw.random() < 0.3 else "abcdefgh") for _ in range(draw.randint(2, 4))]
        found.append(Pair(" ".join(words), " ".join([words[-1], *words[:-1]])))
    return found


@pytest.fixture
def config(tmp_path: Path, tiny_config: Callable[..., ModelConfig]) -> Callable[..., TrainConfig]:
    """Settings for the sentences with names: letters known, names not."""

    def make(annotate: bool = True, joint: bool = True) -> TrainConfig:
        write_tsv(named(1500), tmp_path / "c.tsv")
        data = DataConfig(
            corpus=(str(tmp_path / "c.tsv"),),
            validation_size=50,
            tokenizer="words",
            joint=joint,
            src_vocab_size=12,
            tgt_vocab_size=12,
            annotate_unknown=annotate,
            tokens_per_batch=300,
        )
        model = tiny_config(attention="none", embedding_size=32, encoder_size=80, decoder_size=80)
        return TrainConfig(data, model, TrainingConfig())

    return make


def words_of(corpus: EncodedCorpus, k: int, tokenizer: Tokenizer) -> list[int | None]:
    _, ids = corpus.rows(np.array([k]))
    assert ids[-1] == EOS_ID
    return [tokenizer.unknowns.get(number, number) for number in ids.tolist()]


@pytest.mark.parametrize("joint", [True, False])
def test_prepared_targets_have_positions(
    config: Callable[..., TrainConfig], tmp_path: Path, joint: bool
) -> None:
    prepared = prepare(config(joint=joint).data, tmp_path / "data")
    src, tgt = prepared.tokenizers.src, prepared.tokenizers.tgt
    assert (len(src.unknowns) > 1, tgt.vocab_size) == (joint, 28)
    texts = prepared.texts
    for text, ids in ((texts.train, prepared.train), (texts.validation, prepared.validation)):
        for k in range(40):
            source, target = text[k].src.split(), text[k].tgt.split()
            for place, told in enumerate(words_of(ids, k, tgt)[:-1]):
                if target[place] in NAMES:
                    assert told is not None and source[place - told] == target[place]
                else:
                    assert [told] == tgt.encode(target[place])
            assert tgt.unknowns.keys().isdisjoint(set(ids.rows(np.array([k]))[0].tolist()) - {UNK_ID})
    plain = prepare(config(annotate=False, joint=joint).data, tmp_path / "data")
    assert plain.tokenizers.tgt.vocab_size == 12


def test_a_model_without_attention_shows_the_right_names(
    config: Callable[..., TrainConfig], tmp_path: Path
) -> None:
    whole = config()
    prepared = prepare(whole.data, tmp_path / "data")
    sets = Sets(prepared.train, prepared.validation, prepared.texts.validation)
    task = TranslationTask(whole, prepared.tokenizers, sets)
    optimiser = torch.optim.Adam(task.module.parameters(), lr=0.01)
    for epoch in range(14):
        for batch in task.batches(epoch):
            optimiser.zero_grad()
            loss = task.loss(task.module.train(), batch)
            (loss.total / loss.count).backward()
            clip_grad_norm_(task.module.parameters(), 1.0)
            optimiser.step()
        optimiser.param_groups[0]["lr"] *= 0.85
    task.save_model(tmp_path / "m.safetensors", task.module.eval().state_dict())
    loaded = load_model(tmp_path / "m.safetensors")
    asked = named(100, seed=5)
    made = Tokenizers(loaded.tokenizers.src, loaded.tokenizers.tgt)
    shown = Pipeline(stepper(loaded.model), made, length_rule(), unknown=UnknownWords())
    written = list(shown.texts([pair.src for pair in asked]))
    assert sum(text == pair.tgt for text, pair in zip(written, asked, strict=True)) > 85
    kept = Pipeline(stepper(loaded.model), made, length_rule())
    signs = list(kept.texts([pair.src for pair in asked]))
    for sign, text, pair in zip(signs, written, asked, strict=True):
        if text == pair.tgt:
            assert sign.split() == ["<unk>" if word in NAMES else word for word in text.split()]


def test_settings_that_contradict_each_other() -> None:
    with pytest.raises(InputError) as caught:
        DataConfig(annotate_unknown=True)
    assert str(caught.value) == "annotate_unknown is True, but tokenizer is subwords; expected words"
    data = DataConfig(annotate_unknown=True, tokenizer="words")
    with pytest.raises(InputError) as caught:
        TrainConfig(data, ModelConfig(copying=True), TrainingConfig())
    assert str(caught.value) == "copying and annotate_unknown both find unknown words; expected one of them"
