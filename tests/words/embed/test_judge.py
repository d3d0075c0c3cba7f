from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors
from gensim.test.utils import datapath

from throughtime.errors import InputError
from throughtime.words.embed import judge
from throughtime.words.embed.exchange import read_vectors
from throughtime.words.embed.judge import (
    ANALOGIES,
    SIMILARITIES,
    Answers,
    judge_analogies,
    judge_similarity,
    shipped,
)
from throughtime.words.embed.vectors import WordVectors

QUESTIONS = """: royalty
king man queen woman
KING queen man woman

: nothing known
Paris France Rome Italy
: verbs
go goes see sees
"""


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def file(text: str) -> Path:
    Path("t").write_text(text)
    return Path("t")


@pytest.fixture
def royal() -> WordVectors:
    rows = {"king": [1, 1, 0], "Queen": [1, -1, 0], "man": [0, 1, 1], "woman": [0, -1, 1], "WOMAN": [9, 9, 9]}
    return WordVectors(list(rows), np.array(list(rows.values()), np.float32))


@pytest.fixture(scope="module")
def lee() -> WordVectors:
    """Small vectors that gensim ships."""
    return read_vectors(datapath("lee_fasttext.vec"))


@pytest.fixture(scope="module")
def theirs() -> KeyedVectors:
    return KeyedVectors.load_word2vec_format(datapath("lee_fasttext.vec"))


def test_answers_by_section_and_over_all(royal: WordVectors) -> None:
    found = judge_analogies(royal, file(QUESTIONS))
    assert found.sections == [
        Answers("royalty", 2, 2, 2),
        Answers("nothing known", 1, 0, 0),
        Answers("verbs", 1, 0, 0),
    ]
    assert found.overall == Answers("all", 4, 2, 2)
    assert (found.overall.of_covered, found.overall.of_all, found.overall.coverage) == (1, 0.5, 0.5)


def test_a_restricted_vocabulary_knows_fewer(royal: WordVectors) -> None:
    assert judge_analogies(royal, file(QUESTIONS), restrict=3).overall == Answers("all", 4, 0, 0)
    with pytest.raises(InputError, match=r"^restrict is -1; expected 0 or more$"):
        judge_analogies(royal, file(QUESTIONS), restrict=-1)


@pytest.mark.parametrize("restrict", [300_000, 1500])
def test_as_many_right_as_gensim_finds(lee: WordVectors, theirs: KeyedVectors, restrict: int) -> None:
    questions = datapath(ANALOGIES)
    _, expected = theirs.evaluate_word_analogies(questions, restrict_vocab=restrict)
    found = judge_analogies(lee, restrict=restrict)
    right = {one["section"]: (len(one["correct"]), len(one["incorrect"])) for one in expected}
    assert found.overall.questions == 19_544 and len(found.sections) == 14
    for one in found.sections:
        assert (one.right, one.covered - one.right) == right[one.section]
    assert found.overall.covered > 50


@pytest.mark.parametrize("name", SIMILARITIES)
def test_the_correlation_that_gensim_finds(lee: WordVectors, theirs: KeyedVectors, name: str) -> None:
    path = shipped(SIMILARITIES[name])
    _, (rank, _), unknown = theirs.evaluate_word_pairs(str(path))
    found = judge_similarity(lee, path, name)
    assert (found.name, found.pairs) == (name, {"WordSim-353": 353, "SimLex-999": 999}[name])
    assert found.of_covered == pytest.approx(rank, abs=1e-6)
    assert found.coverage == pytest.approx(1 - unknown / 100)
    assert abs(found.of_all) < abs(found.of_covered)


def test_unknown_pairs_tell_nothing(royal: WordVectors) -> None:
    known = "# a comment\n\nking\tqueen\t1\nking\tman\t5\nqueen\tman\t0\n"
    found = judge_similarity(royal, file(known + "king\tprince\t9\n"))
    cosines = [0, 0.5, -0.5]
    filled = np.array([*cosines, 0])
    expected = np.corrcoef([2.5, 4, 1, 2.5], [2, 3, 1, 4])[0, 1]  # ranks, of which the two zeros share one
    assert filled.mean() == 0
    assert (found.name, found.pairs, found.covered, found.of_covered) == ("t", 4, 3, pytest.approx(1))
    assert found.of_all == pytest.approx(expected)


def test_a_correlation_that_is_not_defined(royal: WordVectors) -> None:
    for text in ("king\tqueen\t1\n", "king\tprince\t1\nqueen\tduke\t2\n", "king\tman\t3\nking\tqueen\t3\n"):
        found = judge_similarity(royal, file(text))
        assert math.isnan(found.of_covered)
        assert found.interval == (-1, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (": a\nking man queen\n", "t:2: a question has four words; got 3"),
        ("", "t has no question; expected four words per line"),
    ],
)
def test_questions_of_another_form(royal: WordVectors, text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        judge_analogies(royal, file(text))
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("king\tman\t1\nking man 2\n", "t:2: expected two words and a number, separated by tabs"),
        ("king\tman\tmuch\n", "t:1: expected two words and a number, separated by tabs"),
        ("king\tman\tnan\n", "t:1: expected a finite number; got nan"),
        ("# nothing\n", "t has no pair; expected two words and a number per line, separated by tabs"),
    ],
)
def test_pairs_of_another_form(royal: WordVectors, text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        judge_similarity(royal, file(text))
    assert str(caught.value) == said


def test_test_sets_that_gensim_does_not_bring() -> None:
    with pytest.raises(InputError, match=r"more\.txt does not exist: this gensim does not include more\.txt"):
        judge.shipped("more.txt")
