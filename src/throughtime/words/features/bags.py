"""Texts as vectors without word order: presence, counts and TF-IDF, as transformers of scikit-learn.

They take raw texts. They learn only a vocabulary and its counts, which `to_dict` returns. Symbols: n(t, d) is
how often word t occurs in document d, df(t) how many documents contain it, of N.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from throughtime.errors import InputError
from throughtime.settings import require
from throughtime.text.cleaning import Cleaner, CleaningConfig
from throughtime.text.vocabulary import Vocabulary, VocabularyConfig
from throughtime.words.features.transformer import damage_reported, of_texts

TermFrequency = Literal["raw", "sublinear", "binary"]
InverseDocumentFrequency = Literal["smooth", "plain", "probabilistic", "none"]
Norm = Literal["l2", "l1", "none"]

_NONE: Mapping[str, NDArray[Any]] = {}

Matrix = Any
"""A sparse matrix in rows, of the class that scikit-learn's setting `sparse_interface` names."""


class _Bag(TransformerMixin, BaseEstimator):
    """What the transformers share: they learn a vocabulary from texts, and count its words in texts."""

    def __init__(
        self,
        cleaning: CleaningConfig | None = None,
        ngrams: int = 1,
        min_count: int = VocabularyConfig.min_count,
        min_documents: int | float = VocabularyConfig.min_documents,
        max_share: float = VocabularyConfig.max_share,
        max_size: int | None = VocabularyConfig.max_size,
    ) -> None:
        self.cleaning = cleaning
        self.ngrams = ngrams
        self.min_count = min_count
        self.min_documents = min_documents
        self.max_share = max_share
        self.max_size = max_size

    def fit(self, X: Iterable[str], y: object = None) -> Self:
        """Learn the vocabulary of texts; raises InputError if a setting is wrong or no word is left."""
        self.fit_transform(X)
        return self

    def fit_transform(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, X: Iterable[str], y: object = None
    ) -> Matrix:
        """Learn the vocabulary of texts and return them as rows (N, V)."""
        self._check()
        self.vocabulary_, counts = self._learned(X)
        self._settle()
        return self._weighed(counts)

    def transform(self, X: Iterable[str]) -> Matrix:
        """Return texts as rows (N, V); words outside the vocabulary are ignored."""
        check_is_fitted(self)
        return self._weighed(self._counter.transform(X))

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Return the words of the columns."""
        check_is_fitted(self)
        return np.array(self.vocabulary_.words, dtype=object)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings and all that was learned as plain values for JSON."""
        check_is_fitted(self)
        settings = self.get_params(deep=False)
        settings["cleaning"] = self.cleaning and asdict(self.cleaning)
        return {"settings": settings, "vocabulary": self.vocabulary_.to_dict()}

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return nothing: `to_dict` returns all."""
        return {}

    @classmethod
    def from_parts(cls, fields: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]] = _NONE) -> Self:
        """Return the fitted transformer of `to_dict`; raises InputError for any other fields."""
        with damage_reported(cls.__name__):
            settings = {**fields["settings"]}
            cleaning = settings.pop("cleaning")
            bag = cls(**settings, cleaning=cleaning and CleaningConfig(**cleaning))
            bag.vocabulary_ = Vocabulary.from_dict(fields["vocabulary"])
        bag._settle()
        return bag

    def __sklearn_tags__(self) -> Tags:
        return of_texts(super().__sklearn_tags__())

    def _check(self) -> None:
        require(self, "ngrams", self.ngrams >= 1, "at least 1")

    def _learned(self, texts: Iterable[str]) -> tuple[Vocabulary, Matrix]:
        limits = VocabularyConfig(self.min_count, self.min_documents, self.max_share, self.max_size)
        counter = word_counter(self.cleaning, self.ngrams)
        counts = _all_counted(counter, texts)
        vocabulary = Vocabulary.chosen(
            counter.get_feature_names_out().tolist(),
            np.asarray(counts.sum(axis=0)).ravel().tolist(),
            np.bincount(counts.indices, minlength=counts.shape[1]).tolist(),
            counts.shape[0],
            limits,
        )
        counts = counts[:, [counter.vocabulary_[word] for word in vocabulary.words]]
        counts.sort_indices()
        return vocabulary, counts

    def _settle(self) -> None:
        """Prepare what follows from settings and vocabulary."""
        self._counter = word_counter(self.cleaning, self.ngrams, self.vocabulary_.words)

    def _weighed(self, counts: Matrix) -> Matrix:
        return counts


class OneHot(_Bag):
    """The words of a document: 1 if it has the word, however often, else 0.

    x(d, t) = 1 if n(t, d) > 0 else 0; a row is the maximum over the one-hot rows of the document's tokens.
    Settings are those of `CleaningConfig` and `VocabularyConfig`. Results are of int64.
    """

    def _weighed(self, counts: Matrix) -> Matrix:
        return _present(counts)


class BagOfWords(_Bag):
    """How often a document has each word, and each run of up to `ngrams` words: x(d, t) = n(t, d).

    Settings are those of `CleaningConfig` and `VocabularyConfig`; the words of a run are joined by spaces.
    Results are of int64.
    """


class TfIdf(_Bag):
    """Counts weighted by how rare a word is: x(d, t) = tf(t, d) idf(t), each row then divided by its norm.

    tf: raw n(t, d); sublinear 1 + ln n(t, d) where n(t, d) > 0; binary 1 where n(t, d) > 0.
    idf: as in `inverse_document_frequency`.
    norm: l2 sqrt(sum_t x^2); l1 sum_t |x|; none.
    The other settings are those of `BagOfWords`. Results are of float64; a document without any word of the
    vocabulary is a row of zeros. The defaults are scikit-learn's.
    Source: Manning, Raghavan and Schütze 2008, section 6.4.3.
    """

    def __init__(
        self,
        cleaning: CleaningConfig | None = None,
        ngrams: int = 1,
        tf: TermFrequency = "raw",
        idf: InverseDocumentFrequency = "smooth",
        norm: Norm = "l2",
        min_count: int = VocabularyConfig.min_count,
        min_documents: int | float = VocabularyConfig.min_documents,
        max_share: float = VocabularyConfig.max_share,
        max_size: int | None = VocabularyConfig.max_size,
    ) -> None:
        super().__init__(cleaning, ngrams, min_count, min_documents, max_share, max_size)
        self.tf: TermFrequency = tf
        self.idf: InverseDocumentFrequency = idf
        self.norm: Norm = norm

    def _check(self) -> None:
        super()._check()
        for name, kind in (("tf", TermFrequency), ("idf", InverseDocumentFrequency), ("norm", Norm)):
            values = get_args(kind)
            require(self, name, getattr(self, name) in values, " or ".join(values))

    def _settle(self) -> None:
        super()._settle()
        known = self.vocabulary_
        self.idf_ = inverse_document_frequency(self.idf, known.documents, known.total_documents)
        norm: Any = None if self.norm == "none" else self.norm
        self._weights = TfidfTransformer(norm=norm, sublinear_tf=self.tf == "sublinear")
        self._weights.idf_ = self.idf_

    def _weighed(self, counts: Matrix) -> Matrix:
        return self._weights.transform(_present(counts) if self.tf == "binary" else counts)


def word_counter(
    cleaning: CleaningConfig | None, ngrams: int = 1, words: Sequence[str] | None = None
) -> CountVectorizer:
    """Return scikit-learn's counter of words after our cleaning, for these words only, in their order."""
    unused: Any = None  # scikit-learn would warn of a pattern beside a tokenizer
    return CountVectorizer(
        tokenizer=Cleaner(cleaning).tokens,
        preprocessor=_text,
        token_pattern=unused,
        lowercase=False,
        ngram_range=(1, ngrams),
        vocabulary=None if words is None else {word: number for number, word in enumerate(words)},
    )


def inverse_document_frequency(
    kind: InverseDocumentFrequency, documents: Sequence[int], total: int
) -> NDArray[np.float64]:
    """Return how rare each word is, from df(t), the number of `documents` that contain it, of N in all.

    smooth: ln((1 + N) / (1 + df)) + 1, scikit-learn's; plain: ln(N / df) (Spärck Jones 1972); probabilistic:
    max(0, ln((N - df) / df)) (Croft and Harper 1979); none: 1.
    """
    df, n = np.array(documents, dtype=np.float64), float(total)
    match kind:
        case "smooth":
            return np.log((1 + n) / (1 + df)) + 1
        case "plain":
            return np.log(n / df)
        case "probabilistic":
            return np.log(np.maximum(n - df, df) / df)
        case "none":
            return np.ones_like(df)


def _all_counted(counter: CountVectorizer, texts: Iterable[str]) -> Matrix:
    try:
        return counter.fit_transform(texts)
    except ValueError as error:
        if str(error).startswith("empty vocabulary"):
            raise InputError("the documents have no word; expected at least one") from error
        raise


def _present(counts: Matrix) -> Matrix:
    present = counts.copy()
    present.data.fill(1)
    return present


def _text(document: object) -> str:
    if not isinstance(document, str):
        raise InputError(f"a document is of type {type(document).__name__}; expected text")
    return document
