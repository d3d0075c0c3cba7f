from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughtime.errors import InputError
from throughtime.text.vocabulary import Vocabulary, VocabularyConfig

DOCUMENTS = [["b", "a", "b", "c"], ["a", "b"], ["a", "d"], ["e", "a"]]
TEXTS = st.lists(st.lists(st.sampled_from("abcdefg"), max_size=6), min_size=1, max_size=8).filter(any)


def kept(**limits: object) -> tuple[str, ...]:
    return Vocabulary.build(DOCUMENTS, VocabularyConfig(**limits)).words  # pyright: ignore


def test_words_fall_in_frequency_and_ties_are_alphabetical() -> None:
    vocabulary = Vocabulary.build([["b", "a", "d", "c"], ["b", "e"], ["a", "B"]])
    assert vocabulary.words == ("a", "b", "B", "c", "d", "e")
    assert vocabulary.counts == (2, 2, 1, 1, 1, 1)
    assert vocabulary.documents == (2, 2, 1, 1, 1, 1)
    assert vocabulary.total_documents == 3


def test_limits() -> None:
    assert kept() == ("a", "b", "c", "d", "e")
    assert kept(min_count=2) == ("a", "b")
    assert kept(min_documents=2) == ("a", "b")
    assert kept(min_documents=0.5) == ("a", "b")
    assert kept(min_documents=0.51) == ("a",)
    assert kept(max_share=0.5) == ("b", "c", "d", "e")
    assert kept(max_share=0.5, max_size=2) == ("b", "c")


def test_shares_are_exact_where_their_products_with_the_total_round() -> None:
    documents = [["often", "x"]] * 7 + [["often"]] * 93
    assert 0.07 * 100 > 7
    assert Vocabulary.build(documents, VocabularyConfig(min_documents=0.07)).words == ("often", "x")
    documents = [["often", "x"]] * 29 + [["often"]] * 71
    assert 0.29 * 100 < 29
    assert Vocabulary.build(documents, VocabularyConfig(max_share=0.29)).words == ("x",)


def test_ids_and_one_hot_rows() -> None:
    vocabulary = Vocabulary.build(DOCUMENTS)
    assert len(vocabulary) == vocabulary.unknown_id == 5
    assert vocabulary.encode(["b", "?", "a", "b"]) == [1, 5, 0, 1]
    rows = vocabulary.one_hot(["b", "?", "a", "b"])
    assert rows.toarray().tolist() == [[0, 1, 0, 0, 0], [0, 0, 0, 0, 0], [1, 0, 0, 0, 0], [0, 1, 0, 0, 0]]
    assert vocabulary.one_hot([]).shape == (0, 5)


@given(TEXTS, st.randoms())
def test_what_a_vocabulary_is(documents: list[list[str]], random: object) -> None:
    vocabulary = Vocabulary.build(documents)
    counts = Counter(word for document in documents for word in document)
    assert dict(zip(vocabulary.words, vocabulary.counts, strict=True)) == counts
    assert sorted(vocabulary.words, key=lambda word: (-counts[word], word)) == list(vocabulary.words)
    shuffled = documents.copy()
    random.shuffle(shuffled)  # pyright: ignore
    assert Vocabulary.build(shuffled) == vocabulary
    for document in documents:
        assert [vocabulary.words[number] for number in vocabulary.encode(document)] == document
        rows = vocabulary.one_hot(document)
        assert (
            rows.sum(axis=0).tolist()
            == np.bincount(vocabulary.encode(document), minlength=len(counts)).tolist()
        )
    assert Vocabulary.from_dict(json.loads(json.dumps(vocabulary.to_dict()))) == vocabulary


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (dict(min_count=0), "min_count is 0; expected at least 1"),
        (
            dict(min_documents=0),
            "min_documents is 0; expected a number from 1, or with a point a share up to 1.0",
        ),
        (
            dict(min_documents=1.5),
            "min_documents is 1.5; expected a number from 1, or with a point a share up to 1.0",
        ),
        (dict(max_share=0.0), "max_share is 0.0; expected more than 0 and at most 1"),
        (dict(max_size=0), "max_size is 0; expected at least 1, or none"),
    ],
)
def test_limits_out_of_range(limits: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        VocabularyConfig(**limits)  # pyright: ignore
    assert str(caught.value) == message


def test_a_vocabulary_of_nothing() -> None:
    with pytest.raises(InputError) as caught:
        Vocabulary.build([[], []])
    assert str(caught.value) == "the documents have no word; expected at least one"
    with pytest.raises(InputError) as caught:
        Vocabulary.build(DOCUMENTS, VocabularyConfig(min_count=9))
    assert str(caught.value) == (
        "none of 5 words in 4 documents is left with min_count 9, min_documents 1 and max_share 1.0; "
        "loosen one of them"
    )


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (dict(words=None), "its fields are not those of one"),
        (dict(total_documents="many"), "its fields are not those of one"),
        (dict(counts=[1]), "its words are not distinct, or not all are counted"),
        (dict(words=["a", "a", "b", "c", "d"]), "its words are not distinct, or not all are counted"),
    ],
)
def test_damaged_fields(change: dict[str, object], what: str) -> None:
    fields = {**Vocabulary.build(DOCUMENTS).to_dict(), **change}
    with pytest.raises(InputError) as caught:
        Vocabulary.from_dict(fields)
    assert str(caught.value) == f"the vocabulary is damaged: {what}"
