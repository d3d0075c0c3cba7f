from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from throughtime.corpora import phrasebook
from throughtime.corpora.phrasebook import Phrasebook
from throughtime.errors import InputError
from throughtime.files.pairs import Pair, read_pairs
from throughtime.layers.special_ids import EOS_ID, UNK_ID
from throughtime.seq2seq.config import DataConfig
from throughtime.seq2seq.data.prepare import (
    TOKENS_OF_A_WORD,
    prepare,
    prepare_texts,
    read_test,
    train_tokenizers,
    write_tsv,
)

ANIMALS = {
    "cat": "chat",
    "dog": "chien",
    "horse": "cheval",
    "bird": "oiseau",
    "fox": "renard",
    "bear": "ours",
}
FOODS = {"bread": "pain", "fish": "poisson", "cheese": "fromage", "meat": "porc", "rice": "riz"}
TIMES = {"today": "ce jour", "now": "vite", "again": "encore"}
PAIRS = [
    Pair(f"The {a} eats {f} {t}.", f"Le {b} mange le {g} {u}.")
    for a, b in ANIMALS.items()
    for f, g in FOODS.items()
    for t, u in TIMES.items()
]  # 90


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that error texts hold short file names."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def small() -> Callable[..., DataConfig]:
    """Settings that fit PAIRS, written to c.tsv."""

    def make(pairs: Sequence[Pair] = PAIRS, **changes: Any) -> DataConfig:
        write_tsv(pairs, Path("c.tsv"))
        fitting = dict(
            corpus=("c.tsv",), validation_size=10, test_size=8, src_vocab_size=45, tgt_vocab_size=35
        )
        return DataConfig(**{**fitting, **changes})

    return make


def sources(pairs: Any) -> set[str]:
    return {pair.src for pair in pairs}


def test_held_out_sets_share_no_source(small: Callable[..., DataConfig]) -> None:
    doubled = [*PAIRS, *(Pair(pair.src.upper(), f"{pair.tgt[:-1]} !") for pair in PAIRS)]
    texts = prepare_texts(small(doubled), Path("data"))
    assert (len(texts.validation), len(texts.test)) == (10, 8)
    assert len(texts.train) >= 180 - 20
    parts = [{pair.src.lower() for pair in part} for part in (texts.train, texts.validation, texts.test)]
    assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])
    assert {*texts.train, *texts.validation, *texts.test} <= {*doubled}
    assert texts.notes == (
        "corpus: c.tsv: no header; source in column 0, target in column 1",
        "corpus: 180 of 180 pairs kept (dropped: 0 empty, 0 too long, 0 of unlike length, 0 repeated)",
    )


def test_the_split_hangs_on_the_seed_alone(small: Callable[..., DataConfig]) -> None:
    parts = [prepare_texts(small(data_seed=seed), Path(f"data{k}")) for k, seed in enumerate((1, 1, 2))]
    assert list(parts[0].test) == list(parts[1].test)
    assert sources(parts[0].validation) == sources(parts[1].validation)
    assert sources(parts[0].validation) != sources(parts[2].validation)


def test_sets_that_are_given_are_taken(small: Callable[..., DataConfig]) -> None:
    write_tsv([*PAIRS[:3], Pair("", "vide"), Pair("a", "x" * 90)], Path("v.tsv"))
    write_tsv([Pair("Nobody knows.", ""), PAIRS[0], PAIRS[0], Pair("  ", "b")], Path("t.tsv"))
    config = small(validation=("v.tsv",), test=("t.tsv",))
    texts = prepare_texts(config, Path("data"))
    assert len(texts.train) == 90
    assert list(texts.validation) == [*PAIRS[:3], Pair("a", "x" * 90)]
    assert list(texts.test) == [Pair("Nobody knows.", ""), PAIRS[0], PAIRS[0], Pair("  ", "b")]
    assert [note.split(":")[0] for note in texts.notes] == [*["corpus"] * 2, *["validation"] * 3, "test"]
    assert "4 of 5 pairs kept (dropped: 1 empty" in texts.notes[3]
    assert texts.notes[4:] == (
        "validation: 3 of 4 pairs are in training too, which flatters its scores",
        "test: 2 of 4 pairs are in training too, which flatters its scores",
    )


def test_one_set_can_be_given_and_the_other_held_out(small: Callable[..., DataConfig]) -> None:
    write_tsv(PAIRS[:3], Path("v.tsv"))
    texts = prepare_texts(small(validation=("v.tsv",)), Path("data"))
    assert (len(texts.train), len(texts.validation), len(texts.test)) == (82, 3, 8)
    texts = prepare_texts(small(test=("v.tsv",)), Path("data"))
    assert (len(texts.train), len(texts.validation), len(texts.test)) == (80, 10, 3)


def test_columns_choose_sides(small: Callable[..., DataConfig]) -> None:
    Path("three.tsv").write_text("".join(f"{k}\t{pair.tgt}\t{pair.src}\n" for k, pair in enumerate(PAIRS)))
    texts = prepare_texts(small(corpus=("three.tsv",), columns=("2", "1")), Path("data"))
    assert {*texts.train} <= {*PAIRS}


def test_a_header_and_blank_rows_are_noted(small: Callable[..., DataConfig]) -> None:
    rows = "".join(f"{pair.tgt}\t{pair.src}\n" for pair in PAIRS)
    Path("h.tsv").write_text(f"fr\ten\n\n{rows}\n")
    texts = prepare_texts(small(corpus=("h.tsv",), columns=("en", "fr")), Path("data"))
    assert {*texts.train} <= {*PAIRS}
    assert texts.notes == (
        "corpus: h.tsv: a header; source in column 1, target in column 0",
        "corpus: blank rows skipped: 2",
        "corpus: 90 of 90 pairs kept (dropped: 0 empty, 0 too long, 0 of unlike length, 0 repeated)",
    )


def test_cleaning_is_counted(small: Callable[..., DataConfig]) -> None:
    dirty = [*PAIRS, PAIRS[0], Pair("", "x"), Pair("w " * 81, "v " * 81), Pair("a", "abcdefgh")]
    texts = prepare_texts(small(dirty), Path("data"))
    assert texts.notes == (
        "corpus: c.tsv: no header; source in column 0, target in column 1",
        "corpus: 90 of 94 pairs kept (dropped: 1 empty, 1 too long, 1 of unlike length, 1 repeated)",
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            dict(validation_size=0),
            "validation_size is 0 and there is no validation corpus; one of them is needed",
        ),
        (
            dict(validation_size=80, test_size=10),
            "90 pairs with 90 distinct sources cannot give 80 for validation and 10 for test "
            "and keep any for training",
        ),
        (dict(corpus=("missing.tsv",)), "missing.tsv does not exist"),
        (dict(validation=("missing.tsv",)), "missing.tsv does not exist"),
        (dict(test=("missing.tsv",)), "missing.tsv does not exist"),
        (
            dict(corpus=("c.tsv", "c.tsv", "c.tsv")),
            "a corpus is one path or two parallel text files; 3 paths were given",
        ),
        (
            dict(max_words=3),
            "all 90 pairs are too long: each has a sentence of more than 3 words (max_words)",
        ),
        (dict(src_vocab_size=5000), "src_vocab_size is 5000; the training text allows at most "),
        (
            dict(src_vocab_size=7),
            "src_vocab_size is 7; the characters of the training text alone need at least ",
        ),
        (
            dict(joint=False, src_vocab_size=32, tgt_vocab_size=900),
            "tgt_vocab_size is 900; the training text allows at most ",
        ),
        (
            dict(joint=False, tgt_vocab_size=2, tokenizer="words", src_vocab_size=20),
            "tgt_vocab_size is 2; it must be at least 5",
        ),
        (
            dict(tokenizer="words", src_vocab_size=20, tgt_language="xx"),
            "language 'xx' is not known; choose one of ",
        ),
    ],
)
def test_what_cannot_be_prepared(
    small: Callable[..., DataConfig], changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(InputError) as caught:
        prepare(small(**changes), Path("data"))
    assert str(caught.value).startswith(told)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("tokenizer", ["words", "subwords"])
@pytest.mark.parametrize("joint", [True, False])
def test_encoded_sets_are_their_texts(small: Callable[..., DataConfig], tokenizer: Any, joint: bool) -> None:
    size = {("words", True): 39, ("words", False): 21, ("subwords", True): 45, ("subwords", False): 32}
    sizes = dict(src_vocab_size=size[tokenizer, joint], tgt_vocab_size=23 if tokenizer == "words" else 35)
    prepared = prepare(small(tokenizer=tokenizer, joint=joint, **sizes), Path("data"))
    tokenizers = prepared.tokenizers
    assert (tokenizers.src is tokenizers.tgt) == joint
    assert {tokenizers.src.kind, tokenizers.tgt.kind} == {tokenizer}
    assert tokenizers.src.vocab_size == sizes["src_vocab_size"]
    assert tokenizers.tgt.vocab_size == sizes["src_vocab_size" if joint else "tgt_vocab_size"]
    for text, encoded in (
        (prepared.texts.train, prepared.train),
        (prepared.texts.validation, prepared.validation),
    ):
        assert len(text) == len(encoded)
        for k in range(len(text)):
            src, tgt = (ids.tolist() for ids in encoded.rows(np.array([k])))
            assert (src[-1], tgt[-1]) == (EOS_ID, EOS_ID)
            assert UNK_ID not in src or text is not prepared.texts.train
            if UNK_ID not in [*src, *tgt]:
                assert Pair(tokenizers.src.decode(src), tokenizers.tgt.decode(tgt)) == text[k]


def test_vocabularies_are_learned_from_the_training_text_alone(small: Callable[..., DataConfig]) -> None:
    write_tsv([Pair("Zebras eat grass.", "Ils mangent.")], Path("v.tsv"))
    config = small(validation=("v.tsv",), test_size=0, tokenizer="words", src_vocab_size=20)
    prepared = prepare(config, Path("data"))
    assert prepared.tokenizers.src.encode("Zebras") == [UNK_ID]
    assert prepared.tokenizers.src.encode("The cat") != [UNK_ID, UNK_ID]


def test_languages_are_those_of_the_sides(small: Callable[..., DataConfig]) -> None:
    texts = prepare_texts(small(), Path("data"))
    config = small(
        tokenizer="words", src_vocab_size=15, tgt_vocab_size=16, src_language="en", tgt_language="fr"
    )
    joint = train_tokenizers(config, texts.train)
    apart = train_tokenizers(replace(config, joint=False), texts.train)
    assert [joint.src.language, apart.src.language, apart.tgt.language] == ["fr", "en", "fr"]
    assert (apart.src.vocab_size, apart.tgt.vocab_size) == (15, 16)
    assert apart.tgt.decode(apart.tgt.encode("Le chat mange le pain .")).endswith("pain.")


def test_sides_of_too_many_tokens_are_left_out_of_training(small: Callable[..., DataConfig]) -> None:
    endless = Pair("The " + "cat" * 60, "Le " + "chat" * 60)
    prepared = prepare(small([*PAIRS, endless], max_words=10, validation_size=5), Path("data"))
    assert len(prepared.train) == len(prepared.texts.train) - 1
    assert prepared.train.too_long == 1
    assert prepared.train.src_lengths.max() <= TOKENS_OF_A_WORD * 10


def test_all_data_lies_in_the_folder(small: Callable[..., DataConfig]) -> None:
    config = small()
    prepare(config, Path("data"))
    found = sorted(str(path) for path in Path().rglob("*") if path.is_file())
    files = ["prepared.safetensors", "train/ids.arrow", "train/text.arrow", "validation/ids.arrow"]
    assert found == ["c.tsv", *(f"data/{name}" for name in files)]


@pytest.fixture
def small_phrasebook(monkeypatch: pytest.MonkeyPatch) -> Phrasebook:
    book = Phrasebook([*PAIRS[:70], PAIRS[0]], PAIRS[70:80], PAIRS[80:])
    monkeypatch.setattr(phrasebook, "build", lambda *_: book)
    return book


def test_without_a_corpus_the_phrasebook_is_taken_as_it_is(small_phrasebook: Phrasebook) -> None:
    texts = prepare_texts(DataConfig(max_ratio=1.0), Path("data"))
    assert list(texts.train) == small_phrasebook.train
    assert list(texts.validation) == small_phrasebook.validation
    assert list(texts.test) == small_phrasebook.test
    assert texts.notes == ("the built-in phrasebook: 71 pairs, 10 for validation, 10 for test",)
    assert read_test((), None) == small_phrasebook.test


def test_the_built_in_phrasebook_shares_no_source_between_its_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    book = phrasebook.build(size=phrasebook.corpus.SMALLEST_SIZE)
    monkeypatch.setattr(phrasebook, "build", lambda *_: book)
    texts = prepare_texts(DataConfig(), Path("data"))
    train, validation, test = map(sources, (texts.train, texts.validation, texts.test))
    assert not (train & validation or train & test or validation & test)
    assert (len(texts.train), len(texts.validation), len(texts.test)) == tuple(
        map(len, (book.train, book.validation, book.test))
    )
    assert len(test) > 500
    assert "How are you?" in train


def test_a_test_set_keeps_every_line(small: Callable[..., DataConfig]) -> None:
    Path("t.tsv").write_text("a\tb\n\t\na\tb\n")
    assert read_test(["t.tsv"], None) == [Pair("a", "b"), Pair("", ""), Pair("a", "b")]
    assert read_test(["t.tsv"], ("1", "0"))[0] == Pair("b", "a")


def test_written_pairs_are_read_back_in_their_rows() -> None:
    odd = [Pair("a\tb", "c\nd"), Pair("", ""), Pair("x\r\ny", "z\u2028é"), *PAIRS]
    random.Random(0).shuffle(odd)
    write_tsv(odd, Path("o.tsv"))
    assert list(read_pairs(["o.tsv"])) == [
        Pair(*(side.replace("\t", " ").replace("\n", " ").replace("\r", " ") for side in pair))
        for pair in odd
    ]
