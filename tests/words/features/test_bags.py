from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from itertools import pairwise
from math import log, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks, get_tags

from throughtime.errors import InputError
from throughtime.text.cleaning import Cleaner, CleaningConfig
from throughtime.words.features.bags import BagOfWords, OneHot, TfIdf, inverse_document_frequency

TEXTS = ["The cat, the dog.", "A dog sees the cat", "No animal", "the the the"]
EACH = pytest.mark.parametrize("kind", [OneHot, BagOfWords, TfIdf])
DOCUMENTS = st.lists(
    st.lists(st.sampled_from(["a", "b", "c", "d", "don't", "!", "3.14"]), max_size=6).map(" ".join),
    min_size=1,
    max_size=8,
).filter(lambda texts: any(Cleaner().tokens(text) for text in texts))

CHECKS = [
    estimator_checks.check_estimator_cloneable,
    estimator_checks.check_estimator_tags_renamed,
    estimator_checks.check_valid_tag_types,
    estimator_checks.check_estimator_repr,
    estimator_checks.check_no_attributes_set_in_init,
    estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
    estimator_checks.check_mixin_order,
    estimator_checks.check_parameters_default_constructible,
    estimator_checks.check_get_params_invariance,
    estimator_checks.check_set_params,
]
"""Those of scikit-learn's checks that feed no numbers in; to estimators of texts it applies the first."""


@EACH
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_checks_of_scikit_learn(kind: type[Any], check: Callable[[str, Any], None]) -> None:
    check(kind.__name__, kind())


@EACH
def test_all_checks_that_scikit_learn_has_for_texts(kind: type[Any]) -> None:
    with pytest.warns(SkipTestWarning, match="requires input"):
        estimator_checks.check_estimator(kind())
    tags, theirs = get_tags(kind()), get_tags(CountVectorizer())
    assert tags.input_tags == theirs.input_tags
    assert tags.requires_fit == theirs.requires_fit


def test_counts_by_hand() -> None:
    bag = BagOfWords()
    assert bag.fit_transform(TEXTS).toarray().tolist() == [
        [2, 1, 1, 0, 0, 0, 0],
        [1, 1, 1, 1, 0, 0, 1],
        [0, 0, 0, 0, 1, 1, 0],
        [3, 0, 0, 0, 0, 0, 0],
    ]
    assert bag.get_feature_names_out().tolist() == ["the", "cat", "dog", "a", "animal", "no", "sees"]
    assert bag.transform(["THE dog's dog, a bird"]).toarray().tolist() == [[1, 0, 1, 1, 0, 0, 0]]


def test_presence_is_the_union_of_one_hot_rows() -> None:
    texts, hot = TEXTS, OneHot(min_documents=2)
    rows = hot.fit_transform(texts).toarray()
    assert rows.tolist() == [[1, 1, 1], [1, 1, 1], [0, 0, 0], [1, 0, 0]]
    for text, row in zip(texts, rows, strict=True):
        tokens = hot.vocabulary_.one_hot(Cleaner().tokens(text)).toarray()
        assert row.tolist() == tokens.max(axis=0).tolist()


def test_runs_of_words() -> None:
    bag = BagOfWords(ngrams=3, min_count=2)
    counts = bag.fit_transform(["to be or not to be", "not to be"])
    names = bag.get_feature_names_out().tolist()
    assert names == ["be", "to", "to be", "not", "not to", "not to be"]
    assert counts.toarray().tolist() == [[2, 2, 2, 1, 1, 1], [1, 1, 1, 1, 1, 1]]


def test_tf_idf_by_hand() -> None:
    rows = TfIdf(norm="none").fit_transform(["a b b", "a c"])
    idf = log(3 / 2) + 1
    assert TfIdf().fit(["a b b", "a c"]).idf_.tolist() == [1, idf, idf]  # a: ln(3/3) + 1
    np.testing.assert_allclose(rows.toarray(), [[1, 2 * idf, 0], [1, 0, idf]], rtol=1e-15)
    rows = TfIdf().fit_transform(["a b b", "a c"])
    length = sqrt(1 + 4 * idf**2)
    np.testing.assert_allclose(rows.toarray()[0], [1 / length, 2 * idf / length, 0], rtol=1e-15)
    rows = TfIdf(tf="sublinear", idf="plain", norm="l1").fit_transform(["a b b c", "a c", "a"])
    one, two = (1 + log(2)) * log(3), log(3 / 2)
    np.testing.assert_allclose(rows.toarray()[0], [0, one / (one + two), two / (one + two)], rtol=1e-15)


def test_inverse_document_frequencies_by_hand() -> None:
    documents = [1, 2, 3, 4]
    for kind, expected in {
        "smooth": [log(5 / 2) + 1, log(5 / 3) + 1, log(5 / 4) + 1, 1],
        "plain": [log(4), log(2), log(4 / 3), 0],
        "probabilistic": [log(3), 0, 0, 0],
        "none": [1, 1, 1, 1],
    }.items():
        found = inverse_document_frequency(kind, documents, 4)  # pyright: ignore
        np.testing.assert_allclose(found, expected, rtol=1e-15, atol=1e-15)


@pytest.mark.parametrize("norm", ["l2", "l1", "none"])
@pytest.mark.parametrize("tf", ["raw", "sublinear", "binary"])
@pytest.mark.parametrize("idf", ["smooth", "none"])
def test_the_numbers_are_those_of_scikit_learn(tf: Any, idf: Any, norm: Any) -> None:
    ours = TfIdf(tf=tf, idf=idf, norm=norm, ngrams=2)
    rows = ours.fit_transform(TEXTS)
    counter = CountVectorizer(analyzer=lambda text: _runs(text), binary=tf == "binary")
    theirs = TfidfTransformer(
        norm=None if norm == "none" else norm, use_idf=idf == "smooth", sublinear_tf=tf == "sublinear"
    )
    expected = theirs.fit_transform(counter.fit_transform(TEXTS)).toarray()
    order = [counter.vocabulary_[name] for name in ours.get_feature_names_out()]
    np.testing.assert_allclose(rows.toarray(), expected[:, order], rtol=1e-15)


def test_plain_is_scikit_learns_without_smoothing_less_one() -> None:
    ours = TfIdf(idf="plain").fit(TEXTS)
    counts = BagOfWords().fit_transform(TEXTS)
    theirs = TfidfTransformer(smooth_idf=False).fit(counts)
    np.testing.assert_allclose(ours.idf_, theirs.idf_ - 1, rtol=0, atol=1e-15)


def _runs(text: str) -> list[str]:
    tokens = Cleaner().tokens(text)
    return tokens + [f"{one} {two}" for one, two in pairwise(tokens)]


@given(DOCUMENTS)
def test_counts_sum_to_the_tokens_in_the_vocabulary(texts: list[str]) -> None:
    bag = BagOfWords(min_count=2)
    try:
        counts = bag.fit_transform(texts)
    except InputError:
        return
    known = set(bag.get_feature_names_out())
    expected = [sum(token in known for token in Cleaner().tokens(text)) for text in texts]
    assert counts.sum(axis=1).ravel().tolist() in (expected, [expected])
    assert tuple(np.asarray(counts.sum(axis=0)).ravel()) == bag.vocabulary_.counts


@given(DOCUMENTS, st.sampled_from(["raw", "sublinear", "binary"]), st.sampled_from(["l1", "l2"]))
def test_rows_have_norm_one(texts: list[str], tf: Any, norm: Any) -> None:
    rows = TfIdf(tf=tf, norm=norm).fit_transform(texts).toarray()
    norms = np.linalg.norm(rows, ord=int(norm[1]), axis=1)
    filled = [bool(Cleaner().tokens(text)) for text in texts]
    np.testing.assert_allclose(norms, np.array(filled, float), rtol=1e-14)


@EACH
@given(DOCUMENTS, st.randoms())
def test_the_order_of_documents_does_not_matter(kind: type[Any], texts: list[str], random: Any) -> None:
    order = list(range(len(texts)))
    random.shuffle(order)
    one, other = kind(), kind()
    rows = one.fit_transform(texts).toarray()
    assert other.fit_transform([texts[k] for k in order]).toarray().tolist() == rows[order].tolist()
    assert one.vocabulary_ == other.vocabulary_


@EACH
def test_fitting_and_transforming_at_once_is_the_same_as_one_after_the_other(kind: type[Any]) -> None:
    settings: dict[str, Any] = dict(ngrams=2, min_documents=2, cleaning=CleaningConfig(stem=True))
    at_once = kind(**settings).fit_transform(TEXTS)
    after = kind(**settings).fit(iter(TEXTS)).transform(iter(TEXTS))
    assert type(at_once) is type(after)
    assert at_once.dtype == after.dtype == (np.float64 if kind is TfIdf else np.int64)
    for name in ("data", "indices", "indptr"):
        assert getattr(at_once, name).tolist() == getattr(after, name).tolist()


@EACH
@pytest.mark.parametrize("way", ["json", "pickle"])
def test_what_was_learned_comes_back(kind: type[Any], way: str) -> None:
    cleaning = CleaningConfig(language="fr", stem=True)
    fitted = kind(cleaning=cleaning, ngrams=2, max_size=9).fit(TEXTS)
    if way == "json":
        again = kind.from_parts(json.loads(json.dumps(fitted.to_dict())))
    else:
        again = pickle.loads(pickle.dumps(fitted))
    assert again.get_params() == fitted.get_params()
    assert again.get_feature_names_out().tolist() == fitted.get_feature_names_out().tolist()
    new = [*TEXTS, "l'animal, aussi"]
    assert again.transform(new).toarray().tolist() == fitted.transform(new).toarray().tolist()


@EACH
def test_in_a_pipeline_with_a_search_over_settings(kind: type[Any]) -> None:
    texts = [f"{word} {filler}" for word in ("good", "bad") for filler in "abcdef"]
    labels = ["+"] * 6 + ["-"] * 6
    pipeline = make_pipeline(kind(), LogisticRegression())
    grid = {f"{kind.__name__.lower()}__cleaning": [None, CleaningConfig(min_length=2)]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(texts, labels)
    assert search.predict(["so bad", "good thing"]).tolist() == ["-", "+"]
    fitted = search.best_estimator_
    assert "good" in fitted[0].get_feature_names_out()
    with pytest.raises(NotFittedError):
        clone(fitted)[0].transform(texts)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(ngrams=0), "ngrams is 0; expected at least 1"),
        (dict(min_count=0), "min_count is 0; expected at least 1"),
        (dict(tf="log"), "tf is log; expected raw or sublinear or binary"),
        (dict(idf="smart"), "idf is smart; expected smooth or plain or probabilistic or none"),
        (dict(norm="max"), "norm is max; expected l2 or l1 or none"),
    ],
)
def test_settings_are_checked_by_fit(settings: dict[str, Any], message: str) -> None:
    bag = TfIdf(**settings)
    with pytest.raises(InputError) as caught:
        bag.fit(TEXTS)
    assert str(caught.value) == message


def test_what_is_no_text() -> None:
    for texts in ([], ["", "!"]):
        with pytest.raises(InputError) as caught:
            BagOfWords().fit(texts)
        assert str(caught.value) == "the documents have no word; expected at least one"
    with pytest.raises(InputError, match="a document is of type int; expected text"):
        BagOfWords().fit(["a", 3])  # pyright: ignore
    with pytest.raises(ValueError, match="Iterable over raw text documents expected, string object received"):
        BagOfWords().fit("a text")


def test_damaged_fields() -> None:
    fields = TfIdf().fit(TEXTS).to_dict()
    for damaged in (
        {},
        {**fields, "settings": {**fields["settings"], "colour": 1}},
        {**fields, "settings": 3},
    ):
        with pytest.raises(InputError) as caught:
            TfIdf.from_parts(damaged)
        assert str(caught.value) == "the TfIdf is damaged: its fields are not those of one"
