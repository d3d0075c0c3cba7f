from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from math import exp, log
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import SkipTestWarning
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from throughtime.errors import InputError
from throughtime.text.cleaning import CleaningConfig
from throughtime.words.features.codebook import Codebook, CodebookHistogram

WORDS = ("north", "up", "east", "right", "south")
MATRIX = np.array([[0.0, 2.0], [0.0, 1.0], [3.0, 0.0], [1.0, 0.0], [0.0, -1.0]])


def planted(clusters: int, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Vectors close around as many far directions, and which is around which."""
    generator = np.random.default_rng(seed)
    centres = np.eye(clusters) * 10
    labels = np.repeat(np.arange(clusters), 20)
    return centres[labels] + generator.normal(size=(len(labels), clusters)), labels


@parametrize_with_checks(
    [
        Codebook(codewords=3, unit_length=False),
        Codebook(codewords=3, assignment="soft", unit_length=False),
        Codebook(codewords=3, method="minibatch", unit_length=False),
        Codebook(codewords=2),
    ]
)
@pytest.mark.filterwarnings("ignore:Number of distinct clusters:sklearn.exceptions.ConvergenceWarning")
def test_checks_of_scikit_learn(estimator: Codebook, check: Callable[[Codebook], None]) -> None:
    check(estimator)


@pytest.mark.parametrize("method", ["kmeans", "minibatch"])
@pytest.mark.parametrize("unit_length", [True, False])
def test_planted_clusters_are_found(method: Any, unit_length: bool) -> None:
    vectors, labels = planted(5)
    book = Codebook(5, method=method, unit_length=unit_length, seed=3)
    found = book.fit_predict(vectors)
    assert adjusted_rand_score(labels, found) == 1
    assert found.tolist() == book.predict(vectors).tolist()
    norms = np.linalg.norm(vectors, axis=1, keepdims=True) if unit_length else 1
    for codeword in range(5):
        mean = (vectors / norms)[found == codeword].mean(axis=0)
        # a mini-batch's centre is the mean of draws from 20 vectors that deviate by 1; clusters are 14 apart
        np.testing.assert_allclose(
            book.centres_[codeword], mean, atol=0.5 if method == "minibatch" else 1e-12
        )


def test_the_length_of_vectors_counts_only_where_it_is_wanted() -> None:
    vectors = np.array([[1.0, 0.0], [100.0, 1.0], [0.0, 1.0], [1.0, 100.0]])
    assert Codebook(2).fit_predict(vectors).tolist() in ([0, 0, 1, 1], [1, 1, 0, 0])
    by_length = Codebook(3, unit_length=False).fit_predict(vectors)
    assert by_length[0] == by_length[2]
    assert len(set(by_length.tolist())) == 3


def test_parts_by_hand() -> None:
    book = Codebook.from_parts(
        Codebook(2, assignment="soft", temperature=2.0, unit_length=False).to_dict(),
        {"centres": np.array([[0.0, 0.0], [3.0, 4.0]])},
    )
    near, far = exp(-1 / 2), exp(-18 / 2)  # squares from (0, 1) are 1 and 9 + 9
    expected = [near / (near + far), far / (near + far)]
    np.testing.assert_allclose(book.transform([[0.0, 1.0]])[0], expected, rtol=1e-14)
    np.testing.assert_allclose(book.transform([[1.5, 2.0]])[0], [0.5, 0.5], rtol=1e-14)
    book.set_params(unit_length=True)
    np.testing.assert_allclose(book.transform([[0.0, 7.0]])[0], expected, rtol=1e-14)
    book.set_params(assignment="hard")
    assert book.transform([[0.0, 7.0], [9.0, 9.0]]).tolist() == [[1, 0], [1, 0]]


def test_temperature_goes_from_hard_to_even() -> None:
    vectors, _ = planted(3)
    book = Codebook(3, assignment="soft").fit(vectors)
    hard = np.eye(3)[book.predict(vectors)]
    np.testing.assert_allclose(book.set_params(temperature=1e-3).transform(vectors), hard, atol=1e-12)
    np.testing.assert_allclose(book.set_params(temperature=1e12).transform(vectors), 1 / 3, rtol=1e-11)


@given(st.integers(1, 6), st.sampled_from(["hard", "soft"]), st.integers(0, 2**32 - 1))
def test_parts_sum_to_one_and_the_same_seed_gives_the_same(
    codewords: int, assignment: Any, seed: int
) -> None:
    vectors = np.random.default_rng(seed).normal(size=(12, 3))
    book = Codebook(codewords, assignment=assignment, seed=seed).fit(vectors)
    parts = book.transform(vectors)
    assert parts.shape == (12, codewords)
    np.testing.assert_allclose(parts.sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(book.histogram(vectors), parts.mean(axis=0), rtol=1e-14)
    assert (parts.argmax(axis=1) == book.predict(vectors)).all()
    assert clone(book).fit(vectors).centres_.tolist() == book.centres_.tolist()


def test_sparse_vectors_and_single_precision() -> None:
    vectors, _ = planted(3)
    vectors[np.abs(vectors) < 2] = 0
    for assignment in ("hard", "soft"):
        dense = Codebook(3, assignment=assignment).fit(vectors)
        thin = Codebook(3, assignment=assignment).fit(sparse.csr_array(vectors))
        np.testing.assert_allclose(
            thin.transform(sparse.csr_array(vectors)), dense.transform(vectors), atol=1e-12
        )
        single = Codebook(3, assignment=assignment).fit(vectors.astype(np.float32))
        assert single.transform(vectors.astype(np.float32)).dtype == np.float32


def test_nearest_rows() -> None:
    book = Codebook.from_parts(Codebook(2).to_dict(), {"centres": np.array([[1.0, 0.0], [0.0, 1.0]])})
    assert book.nearest(MATRIX, 0, 3) == [2, 3, 0]
    assert book.nearest(MATRIX, 1) == [0, 1, 2, 3, 4]
    for codeword in (-1, 2):
        with pytest.raises(InputError) as caught:
            book.nearest(MATRIX, codeword)
        assert str(caught.value) == f"codeword is {codeword}; expected 0 to 1"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(codewords=0), "codewords is 0; expected at least 1"),
        (dict(method="median"), "method is median; expected kmeans or minibatch"),
        (dict(assignment="fuzzy"), "assignment is fuzzy; expected hard or soft"),
        (dict(temperature=0.0), "temperature is 0.0; expected more than 0"),
        (dict(codewords=6), "codewords is 6; expected at most the number of vectors, n_samples=5"),
    ],
)
def test_settings_are_checked_by_fit(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        Codebook(**settings).fit(MATRIX)
    assert str(caught.value) == message


def histogram(texts: list[str], **settings: Any) -> CodebookHistogram:
    book = settings.pop("codebook", Codebook(3))
    return CodebookHistogram(WORDS, MATRIX, book, **settings).fit(texts)


def test_histograms_by_hand() -> None:
    texts = ["North, up and east", "south south", "nothing", ""]
    made = histogram(texts)
    up, east, south = (int(made.codebook_.predict(MATRIX)[k]) for k in (0, 2, 4))
    rows = made.transform(texts)
    assert rows[0, [up, east, south]].tolist() == [2 / 3, 1 / 3, 0]
    assert rows[1, [up, east, south]].tolist() == [0, 0, 1]
    assert rows[2:].tolist() == [[0, 0, 0], [0, 0, 0]]
    assert made.nearest_words(up, 2) == ["north", "up"]
    assert made.get_feature_names_out().tolist() == [f"codebookhistogram{k}" for k in range(3)]


def test_rare_words_weigh_more() -> None:
    texts = ["north east", "north", "north north"]
    made = histogram(texts, idf=True)
    up, east = (int(made.codebook_.predict(MATRIX)[k]) for k in (0, 2))
    weight = log(4 / 2) + 1  # of east; that of north is ln(4 / 4) + 1
    np.testing.assert_allclose(
        made.transform(texts)[0, [up, east]], [1 / (1 + weight), weight / (1 + weight)]
    )
    np.testing.assert_allclose(made.transform(["south"]).sum(), 1)  # seen in no text


def test_soft_histograms_are_means_of_soft_parts() -> None:
    book = Codebook(3, assignment="soft")
    made = histogram(["up"], codebook=book)
    expected = made.codebook_.histogram(MATRIX[[0, 0, 3]])
    np.testing.assert_allclose(made.transform(["north right north"])[0], expected, rtol=1e-14)


def test_a_codebook_already_made_is_used_as_it_is() -> None:
    book = Codebook(2, seed=5).fit(MATRIX)
    made = histogram(["up"], codebook=FrozenEstimator(book))
    assert made.codebook_ is book
    assert clone(made).fit(["up"]).codebook_ is book


@pytest.mark.parametrize("way", ["parts", "pickle"])
def test_what_was_learned_comes_back(way: str) -> None:
    texts = ["north east", "up", "south les", ""]
    cleaning = CleaningConfig(language="fr", numbers="drop")
    fitted = histogram(texts, idf=True, cleaning=cleaning, codebook=Codebook(2, assignment="soft"))
    if way == "parts":
        again = CodebookHistogram.from_parts(json.loads(json.dumps(fitted.to_dict())), fitted.to_arrays())
    else:
        again = pickle.loads(pickle.dumps(fitted))
    assert again.transform(texts).tolist() == fitted.transform(texts).tolist()
    assert again.nearest_words(1) == fitted.nearest_words(1)
    assert again.cleaning == cleaning
    assert again.to_dict() == fitted.to_dict()


def test_in_a_pipeline_before_a_linear_classifier() -> None:
    texts = ["north up", "up", "north", "east right", "right", "east"]
    pipeline = make_pipeline(CodebookHistogram(WORDS, MATRIX, Codebook(3)), LogisticRegression())
    fitted = clone(pipeline.set_params(codebookhistogram__codebook__seed=2)).fit(texts, list("yyyxxx"))
    assert fitted.predict(["right right", "up east up"]).tolist() == ["x", "y"]


def test_what_scikit_learn_knows_of_histograms() -> None:
    made = CodebookHistogram(WORDS, MATRIX, Codebook(2))
    with pytest.warns(SkipTestWarning, match="requires input"):
        estimator_checks.check_estimator(made)
    assert get_tags(made).input_tags.string
    for check in (
        estimator_checks.check_valid_tag_types,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_mixin_order,
        estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
    ):
        check("CodebookHistogram", made)


def test_words_and_vectors_that_do_not_go_together() -> None:
    for words, found in ((WORDS[:4], "4 words, 4"), (("up",) * 5, "5 words, 1")):
        with pytest.raises(InputError) as caught:
            CodebookHistogram(words, MATRIX).fit(["up"])
        assert str(caught.value) == (
            f"there are {found} different ones, and 5 vectors; expected distinct words, and a vector for each"
        )


def test_damaged_parts() -> None:
    made = histogram(["up"])
    fields, arrays = made.to_dict(), made.to_arrays()
    for damaged, held in (({}, arrays), (fields, {}), ({**fields, "codebook": {"k": 3}}, arrays)):
        with pytest.raises(InputError) as caught:
            CodebookHistogram.from_parts(damaged, held)
        assert str(caught.value) == "the codebook is damaged: its fields are not those of one"
    with pytest.raises(InputError) as caught:
        CodebookHistogram.from_parts(fields, {**arrays, "centres": np.zeros((2, 2))})
    assert str(caught.value) == "the codebook is damaged: codewords is 3, but centres are (2, 2)"
