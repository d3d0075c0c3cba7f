from __future__ import annotations

import numpy as np
import pytest
from gensim.models import FastText, KeyedVectors
from numpy.testing import assert_allclose, assert_array_equal

from throughtime.errors import InputError
from throughtime.words.embed.vectors import Subwords, WordVectors

WORDS = ["king", "queen", "man", "woman", "origin", "King"]
ROWS = np.array([[2, 2, 0], [2, -2, 0], [0, 3, 1], [0, -3, 1], [0, 0, 0], [5, 5, 1]], np.float32)


@pytest.fixture
def royal() -> WordVectors:
    return WordVectors(WORDS, ROWS)


def random_vectors(seed: int = 0, words: int = 60, size: int = 8) -> WordVectors:
    matrix = np.random.default_rng(seed).normal(size=(words, size)).astype(np.float32)
    return WordVectors([f"w{k}" for k in range(words)], matrix)


def test_a_word_and_its_vector(royal: WordVectors) -> None:
    assert (len(royal), royal.size, repr(royal)) == (6, 3, "<6 words with vectors of 3>")
    assert "king" in royal and "kin" not in royal
    assert_array_equal(royal.vector("queen"), ROWS[1])


def test_a_word_without_vector_and_what_is_spelled_like_it(royal: WordVectors) -> None:
    for word, said in {
        "womn": "'womn' has no vector; spelled alike: 'woman'",
        "kings": "'kings' has no vector; spelled alike: 'king'",
        "QUEEN": "'QUEEN' has no vector; spelled alike: 'queen'",
        "xylophone": "'xylophone' has no vector",
        "": "'' has no vector",
    }.items():
        with pytest.raises(InputError) as caught:
            royal.vector(word)
        assert str(caught.value) == said


def test_nearest_by_cosine(royal: WordVectors) -> None:
    (first, cosine), *_ = royal.nearest("king", 2)
    assert first == "King" and cosine == pytest.approx(10 / np.sqrt(2 * 51))
    assert len(royal.nearest("king", 99)) == 5
    assert royal.nearest(np.array([0, -1, 0], np.float32), 1)[0][0] == "woman"
    assert royal.similarity("king", "queen") == pytest.approx(0, abs=1e-7)


def test_the_origin_is_near_nothing(royal: WordVectors) -> None:
    assert dict(royal.nearest("king", 9))["origin"] == 0
    assert all(cosine == 0 for _, cosine in royal.nearest("origin", 9))


def test_an_analogy(royal: WordVectors) -> None:
    assert royal.analogy(["king", "woman"], ["man"], 1)[0][0] == "queen"
    as_vectors = royal.analogy([ROWS[0], "woman"], [ROWS[2]], 2)
    assert "queen" in dict(as_vectors)


def test_the_same_as_gensim_finds() -> None:
    ours = random_vectors()
    theirs = KeyedVectors(ours.size)
    theirs.add_vectors(list(ours.words), ours.matrix)
    for n in (1, 5, 59):
        assert ours.nearest("w3", n) == theirs.most_similar("w3", topn=n)
        found, expected = (
            ours.analogy(["w1", "w2"], ["w3"], n),
            theirs.most_similar(["w1", "w2"], ["w3"], topn=n),
        )
        assert [word for word, _ in found] == [word for word, _ in expected]
    for start in range(0, 60, 4):
        words = [f"w{start + k}" for k in range(4)]
        assert ours.odd_one_out(words) == theirs.doesnt_match(words)


def test_questions_that_cannot_be_answered(royal: WordVectors) -> None:
    with pytest.raises(InputError, match=r"^no word was given; expected at least one$"):
        royal.analogy([], [])
    with pytest.raises(InputError, match=r"^count is 0; expected at least 1$"):
        royal.nearest("king", 0)
    with pytest.raises(InputError, match=r"^a vector of shape \(2,\) was given; expected \(3,\)$"):
        royal.nearest(np.zeros(2, np.float32))
    with pytest.raises(InputError, match=r"^2 words were given; expected at least three, one of them odd$"):
        royal.odd_one_out(["king", "queen"])
    with pytest.raises(InputError, match=r"^'prince' has no vector$"):
        royal.odd_one_out(["king", "queen", "prince"])


def test_odd_one_out(royal: WordVectors) -> None:
    assert royal.odd_one_out(["king", "King", "man", "woman"]) == "woman"


def test_coverage(royal: WordVectors) -> None:
    covered = royal.coverage(["king", "prince", "king", "duke"])
    assert (covered.known, covered.total, covered.unknown, covered.share) == (2, 4, ["prince", "duke"], 0.5)
    assert royal.coverage([]).share == 0


def test_rows_for_an_embedding(royal: WordVectors) -> None:
    rows = royal.matrix_for(["prince", "king", "duke", "queen"], seed=3)
    assert rows.known.tolist() == [False, True, False, True]
    assert not rows.composed.any()
    assert rows.matrix.dtype == np.float32
    assert_array_equal(rows.matrix[[1, 3]], ROWS[[0, 1]])
    drawn = rows.matrix[[0, 2]]
    assert (np.abs(drawn) <= 0.05).all() and np.abs(drawn).min() > 0
    assert_array_equal(drawn, royal.matrix_for(["prince", "king", "duke", "queen"], seed=3).matrix[[0, 2]])
    rows.matrix[1] = 9  # the rows are the asker's own
    assert_array_equal(royal.vector("king"), ROWS[0])


def test_parts_of_words_as_gensim_has_them() -> None:
    theirs = FastText(
        [["walking", "running"]] * 3, vector_size=6, min_count=1, bucket=50, min_n=3, max_n=4
    ).wv
    subwords = Subwords(3, 4, theirs.vectors_ngrams)
    ours = WordVectors(theirs.index_to_key, theirs.vectors, subwords=subwords)
    for word in ("walking", "walked", "überall"):
        assert_allclose(ours.vector(word), theirs.get_vector(word), rtol=1e-6)
    assert ours.nearest("walked", 2)[0][0] == theirs.most_similar("walked", topn=1)[0][0]
    rows = ours.matrix_for(["walked", "walking"])
    assert (rows.known.tolist(), rows.composed.tolist()) == ([False, True], [True, False])
    assert ours.coverage(["walked"]).unknown == []


def test_a_word_too_short_for_parts() -> None:
    vectors = WordVectors(
        ["word"], np.ones((1, 2), np.float32), subwords=Subwords(5, 6, np.ones((9, 2), np.float32))
    )
    with pytest.raises(InputError, match=r"^'of' has no vector$"):
        vectors.vector("of")


@pytest.mark.parametrize(
    ("words", "matrix", "counts", "said"),
    [
        (["a"], np.ones((2, 3)), None, "there are 1 words and vectors of shape (2, 3); "),
        ([], np.ones((0, 3)), None, "there are 0 words and vectors of shape (0, 3); "),
        (["a"], np.ones(3), None, "there are 1 words and vectors of shape (3,); "),
        (["a", "b", "a"], np.ones((3, 1)), None, "'a' occurs twice; expected different words"),
        (["a", "b"], np.ones((2, 1)), np.ones(1), "2 words have 1 counts; expected as many"),
        (
            ["a", "b"],
            np.array([[1.0], [np.nan]]),
            None,
            "the vector of 'b' has a number that is not finite",
        ),
    ],
)
def test_parts_that_do_not_fit(
    words: list[str], matrix: np.ndarray, counts: np.ndarray | None, said: str
) -> None:
    with pytest.raises(InputError) as caught:
        WordVectors(words, matrix, counts)
    assert str(caught.value).startswith(said)
