from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import datasets
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chosen import cleaning
from disk import full_disk
from throughtime.errors import InputError
from throughtime.files.pairs import Pair
from throughtime.layers.special_ids import EOS_ID, UNK_ID
from throughtime.text.pair_corpus import (
    EncodedCorpus,
    TextCorpus,
    build_text_corpus,
    encode_corpus,
    split_corpus,
)
from throughtime.text.tokenizer import Words, train_words

ROWS = 23_456  # more than two Arrow record batches
PAIRS = [Pair(f"source {k % 97} {k}", f"cible {k} {'mot ' * (k % 5)}fin") for k in range(ROWS)]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> TextCorpus:
    return build_text_corpus(PAIRS, tmp_path_factory.mktemp("text"), cleaning())[0]


@pytest.fixture(scope="module")
def some(corpus: TextCorpus) -> TextCorpus:
    """Rows of all three record batches."""
    return corpus.select(np.arange(0, ROWS, 17))


@pytest.fixture(scope="module")
def tokenizer(some: TextCorpus) -> Words:
    return train_words(chain(some.sources(), some.targets()), 1000, "en")


@pytest.fixture(scope="module")
def encoded(some: TextCorpus, tokenizer: Words, tmp_path_factory: pytest.TempPathFactory) -> EncodedCorpus:
    return encode_corpus(some, tokenizer, tokenizer, tmp_path_factory.mktemp("ids"), max_length=50)


def test_text_comes_back(corpus: TextCorpus) -> None:
    assert len(corpus) == ROWS
    assert list(corpus) == PAIRS
    assert list(corpus.sources()) == [pair.src for pair in PAIRS]
    assert list(corpus.targets()) == [pair.tgt for pair in PAIRS]
    for row in (0, 9_999, 10_000, 10_001, 20_000, ROWS - 1, -1, -ROWS):
        assert corpus[row] == PAIRS[row]
    for row in (ROWS, -ROWS - 1):
        with pytest.raises(IndexError):
            corpus[row]


def test_selection_keeps_the_order_of_the_file(corpus: TextCorpus) -> None:
    rows = np.array([20_001, 3, 10_000, 9_999])
    chosen = corpus.select(rows)
    expected = [PAIRS[row] for row in sorted(rows)]
    assert list(chosen) == [chosen[k] for k in range(4)] == expected
    assert list(chosen.select(np.array([3, 1]))) == [expected[1], expected[3]]
    assert list(corpus.select(np.array([], np.int64))) == []


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_any_selection(corpus: TextCorpus, data: st.DataObject) -> None:
    rows = data.draw(st.sets(st.integers(0, ROWS - 1), max_size=40))
    assert list(corpus.select(np.array(sorted(rows), np.int64))) == [PAIRS[row] for row in sorted(rows)]


def test_report_and_files(tmp_path: Path) -> None:
    corpus, report = build_text_corpus(
        [Pair("a", "b"), Pair("a", "b"), Pair("", "c")], tmp_path / "new", cleaning()
    )
    assert list(corpus) == [Pair("a", "b")]
    assert (report.read, report.kept, report.empty, report.duplicates) == (3, 1, 1, 1)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["text.arrow"]
    assert datasets.Dataset.from_file(str(tmp_path / "new/text.arrow"))[0] == {"src": "a", "tgt": "b"}


def test_text_is_mapped_and_not_in_arrow_memory(tmp_path: Path) -> None:
    before = pa.total_allocated_bytes()
    corpus, _ = build_text_corpus(PAIRS, tmp_path, cleaning())
    assert (tmp_path / "text.arrow").stat().st_size > 1_000_000
    assert pa.total_allocated_bytes() - before < 100_000
    assert len(corpus) == ROWS


def test_a_corpus_in_use_outlives_its_replacement(tmp_path: Path) -> None:
    old, _ = build_text_corpus([Pair("old", "vieux")] * 2, tmp_path, cleaning(drop_duplicates=False))
    new, _ = build_text_corpus([Pair("new", "neuf")], tmp_path, cleaning())
    assert list(old) == [Pair("old", "vieux")] * 2
    assert list(new) == [Pair("new", "neuf")]


def test_nothing_is_left_of_a_corpus_that_fails(tmp_path: Path) -> None:
    def broken() -> Iterator[Pair]:
        yield from PAIRS[:15_000]
        raise InputError("a.tsv:15001: 1 column found")

    with pytest.raises(InputError, match=r"^a\.tsv:15001: 1 column found$"):
        build_text_corpus(broken(), tmp_path, cleaning())
    with pytest.raises(InputError, match=r"^all 2 pairs are too long"):
        build_text_corpus([Pair("a b", "c")] * 2, tmp_path, cleaning(max_words=1))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="limits file size as Unix does")
def test_disk_full_while_preparing(tmp_path: Path) -> None:
    with full_disk(100_000), pytest.raises(InputError) as caught:
        build_text_corpus(PAIRS, tmp_path, cleaning())
    assert str(caught.value).startswith(f"{tmp_path / 'text.arrow'} cannot be written: ")
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.EFBIG
    assert list(tmp_path.iterdir()) == []


def test_split_shares_no_source_and_loses_nothing(tmp_path: Path) -> None:
    greetings = ["Hello", "hello!", "HELLO ?", " Hello. "]
    pairs = [Pair(f"{greetings[k % 4]} {k // 8}", f"bonjour {k}") for k in range(800)]
    corpus, _ = build_text_corpus(pairs, tmp_path, cleaning())
    parts = split_corpus(corpus, 80, 40, seed=3)
    train, validation, test = (
        {src.lower().translate({33: "", 63: "", 46: ""}) for src in part.sources()} for part in parts
    )
    train, validation, test = ({" ".join(src.split()) for src in part} for part in (train, validation, test))
    assert [len(part) for part in parts] == [680, 80, 40]
    assert len(train) + len(validation) + len(test) == 100
    assert not (train & validation or train & test or validation & test)
    assert sorted(chain(*parts)) == sorted(corpus)


def test_split_leaves_out_what_a_part_has_beyond_its_size(tmp_path: Path) -> None:
    pairs = [Pair(f"source {k // 8}", f"cible {k}") for k in range(800)]
    corpus, _ = build_text_corpus(pairs, tmp_path, cleaning())
    train, validation, test = split_corpus(corpus, 81, 3, seed=3)
    assert (len(train), len(validation), len(test)) == (800 - 88 - 8, 81, 3)
    assert not set(train.sources()) & {*validation.sources(), *test.sources()}
    assert not set(validation.sources()) & set(test.sources())


def test_split_depends_on_the_seed_and_not_on_the_order(tmp_path: Path) -> None:
    def chosen(of: TextCorpus, seed: int) -> list[list[Pair]]:
        return [sorted(part) for part in split_corpus(of, 100, 50, seed)[1:]]

    corpus, _ = build_text_corpus(PAIRS[:2000], tmp_path / "forwards", cleaning())
    backwards, _ = build_text_corpus(PAIRS[1999::-1], tmp_path / "backwards", cleaning())
    assert chosen(corpus, 1) == chosen(corpus, 1) == chosen(backwards, 1)
    assert chosen(corpus, 1) != chosen(corpus, 2)


def test_split_of_nothing_and_of_too_much(tmp_path: Path) -> None:
    pairs = [Pair("How are you?", f"réponse {k}") for k in range(9)] + [Pair("Yes.", "Oui.")]
    corpus, _ = build_text_corpus(pairs, tmp_path, cleaning())
    train, validation, test = split_corpus(corpus, 0, 0, seed=1)
    assert (list(train), len(validation), len(test)) == (list(corpus), 0, 0)
    for sizes in ((10, 0), (1, 1), (0, 20)):
        with pytest.raises(InputError) as caught:
            split_corpus(corpus, *sizes, seed=1)
        assert str(caught.value) == (
            f"10 pairs with 2 distinct sources cannot give {sizes[0]} for validation and {sizes[1]} for test "
            "and keep any for training"
        )


def test_sources_without_letters_are_told_apart(tmp_path: Path) -> None:
    corpus, _ = build_text_corpus([Pair(mark, "x") for mark in "?!.;:"], tmp_path, cleaning())
    assert [len(part) for part in split_corpus(corpus, 2, 1, seed=1)] == [2, 2, 1]


def test_ids_come_back(encoded: EncodedCorpus, some: TextCorpus, tokenizer: Words) -> None:
    src = [[*tokenizer.encode(pair.src), EOS_ID] for pair in some]
    tgt = [[*tokenizer.encode(pair.tgt), EOS_ID] for pair in some]
    assert any(UNK_ID in ids for ids in src)  # 1,000 words leave some out
    assert (len(encoded), encoded.too_long) == (len(some), 0)
    assert encoded.src_lengths.dtype == encoded.tgt_lengths.dtype == np.int32
    assert encoded.src_lengths.tolist() == [len(ids) for ids in src]
    assert encoded.tgt_lengths.tolist() == [len(ids) for ids in tgt]
    for indices in (np.arange(len(some)), np.array([7]), np.array([900, 3, 1300, 3, 0])):
        src_ids, tgt_ids = encoded.rows(indices)
        assert src_ids.tolist() == list(chain(*(src[k] for k in indices)))
        assert tgt_ids.tolist() == list(chain(*(tgt[k] for k in indices)))


def test_long_pairs_are_left_out_and_counted(tokenizer: Words, tmp_path: Path) -> None:
    pairs = [Pair("source 1", "cible"), Pair("source", "cible mot mot fin"), Pair("source 1 2", "fin")]
    corpus, _ = build_text_corpus(pairs, tmp_path, cleaning())
    encoded = encode_corpus(corpus, tokenizer, tokenizer, tmp_path, max_length=4)
    assert (len(encoded), encoded.too_long) == (2, 1)
    assert encoded.src_lengths.tolist() == [3, 4]  # the end counts
    assert encoded.tgt_lengths.tolist() == [2, 2]
    with pytest.raises(InputError) as caught:
        encode_corpus(corpus, tokenizer, tokenizer, tmp_path, max_length=1)
    assert str(caught.value) == "all 3 pairs are too long: each has a side of more than 1 tokens"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ids.arrow", "text.arrow"]


def test_ids_can_be_read_by_datasets(some: TextCorpus, tokenizer: Words, tmp_path: Path) -> None:
    encoded = encode_corpus(some, tokenizer, tokenizer, tmp_path, max_length=50)
    row = datasets.Dataset.from_file(str(tmp_path / "ids.arrow"))[5]
    src_ids, tgt_ids = encoded.rows(np.array([5]))
    assert row == {"src": src_ids.tolist(), "tgt": tgt_ids.tolist()}


def test_nothing_is_written_elsewhere(
    tokenizer: Words, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", cache)
    monkeypatch.setattr(datasets.config, "DOWNLOADED_DATASETS_PATH", cache / "downloads")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    corpus, _ = build_text_corpus(PAIRS[:100], tmp_path / "given", cleaning())
    encode_corpus(split_corpus(corpus, 10, 10, 1)[0], tokenizer, tokenizer, tmp_path / "given", 50)
    assert [path.name for path in tmp_path.iterdir()] == ["given"]
