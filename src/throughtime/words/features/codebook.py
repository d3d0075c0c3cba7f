"""Clusters of vectors: a codebook of k codewords, and documents as histograms over it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin, clone
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import pairwise_distances_argmin
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.preprocessing import normalize
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from throughtime.errors import InputError
from throughtime.settings import require
from throughtime.text.cleaning import CleaningConfig
from throughtime.words.features.bags import inverse_document_frequency, word_counter
from throughtime.words.features.transformer import damage_reported, of_texts, require_vectors

Method = Literal["kmeans", "minibatch"]
Assignment = Literal["hard", "soft"]


class Codebook(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, BaseEstimator):
    """k codewords c_1 ... c_k, the centres of clusters of vectors, and the assignment of vectors to them.

    hard: a_j(x) = 1 for the nearest codeword, 0 for the others.
    soft: a_j(x) = exp(-|x - c_j|^2 / T) / sum_i exp(-|x - c_i|^2 / T) with T the temperature; a small one
    approaches hard, a large one 1 / k for all.
    unit_length: x / |x| replaces x, so that only the angle between vectors counts, not their length:
    |x - y|^2 = 2 - 2 cos(x, y). A vector of zeros stays one.\
    method: kmeans (Lloyd, initialised by k-means++) or minibatch (Sculley 2010), for millions of vectors.
    The same vectors and seed give the same codewords. Vectors are dense or sparse.
    """

    n_features_in_: int

    def __init__(
        self,
        codewords: int = 64,
        method: Method = "kmeans",
        assignment: Assignment = "hard",
        temperature: float = 1.0,
        unit_length: bool = True,
        seed: int = 0,
    ) -> None:
        self.codewords = codewords
        self.method = method
        self.assignment = assignment
        self.temperature = temperature
        self.unit_length = unit_length
        self.seed = seed

    def fit(self, X: Any, y: object = None) -> Self:
        """Cluster vectors (N, D); raises InputError if a setting is wrong or there are fewer than k."""
        self._check()
        vectors = self._prepared(X, reset=True)
        if (count := vectors.shape[0]) < self.codewords:
            raise InputError(
                f"codewords is {self.codewords}; expected at most the number of vectors, n_samples={count}"
            )
        kind = KMeans if self.method == "kmeans" else MiniBatchKMeans
        clusters: Any = kind(self.codewords, random_state=self.seed).fit(vectors)
        self.centres_: NDArray[np.floating] = clusters.cluster_centers_
        self.labels_ = self.predict(X)
        return self

    def predict(self, X: Any) -> NDArray[np.int64]:
        """Return for each vector the index of the nearest codeword (N,)."""
        check_is_fitted(self)
        return pairwise_distances_argmin(self._prepared(X), self.centres_)

    def transform(self, X: Any) -> NDArray[np.floating]:
        """Return for each vector its assignment to each codeword, a_j(x), as rows (N, k) that sum to 1."""
        check_is_fitted(self)
        if self.assignment == "soft":
            squares = euclidean_distances(self._prepared(X), self.centres_, squared=True)
            return softmax(-squares / self.temperature, axis=1)
        labels = self.predict(X)
        parts = np.zeros((len(labels), self.codewords), self.centres_.dtype)
        parts[np.arange(len(labels)), labels] = 1
        return parts

    def histogram(self, X: Any) -> NDArray[np.floating]:
        """Return the share of each codeword in a set of vectors (k,): the mean of `transform`."""
        return self.transform(X).mean(axis=0)

    def nearest(self, X: Any, codeword: int, count: int = 10) -> list[int]:
        """Return the rows of the vectors nearest to a codeword, the nearest first.

        Raises InputError if there is no such codeword.
        """
        check_is_fitted(self)
        if not 0 <= codeword < self.codewords:
            raise InputError(f"codeword is {codeword}; expected 0 to {self.codewords - 1}")
        centre = self.centres_[codeword : codeword + 1]
        distances = euclidean_distances(self._prepared(X), centre, squared=True)[:, 0]
        return np.argsort(distances, kind="stable")[:count].tolist()

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain values for JSON; the codewords are in `to_arrays`."""
        return self.get_params(deep=False)

    def to_arrays(self) -> dict[str, NDArray[np.floating]]:
        """Return what was learned: "centres" (k, D)."""
        check_is_fitted(self)
        return {"centres": self.centres_}

    @classmethod
    def from_parts(cls, fields: Mapping[str, Any], arrays: Mapping[str, NDArray[np.floating]]) -> Self:
        """Return the codebook of `to_dict` and `to_arrays`; raises InputError for any other parts."""
        with damage_reported("codebook"):
            book, centres = cls(**fields), arrays["centres"]
        if centres.ndim != 2 or len(centres) != book.codewords:
            raise InputError(
                f"the codebook is damaged: codewords is {book.codewords}, but centres are {centres.shape}"
            )
        book.centres_, book.n_features_in_ = centres, centres.shape[1]
        return book

    @property
    def _n_features_out(self) -> int:
        return self.codewords

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _check(self) -> None:
        require(self, "codewords", self.codewords >= 1, "at least 1")
        for name, kind in (("method", Method), ("assignment", Assignment)):
            require(self, name, getattr(self, name) in get_args(kind), " or ".join(get_args(kind)))
        require(self, "temperature", self.temperature > 0, "more than 0")

    def _prepared(self, vectors: Any, reset: bool = False) -> Any:
        checked = validate_data(
            self, vectors, reset=reset, accept_sparse="csr", dtype=[np.float64, np.float32]
        )
        return normalize(checked) if self.unit_length else checked


class CodebookHistogram(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Texts as histograms over a codebook of their words' vectors.

    h_j(d) = sum_t n(t, d) w(t) a_j(x_t) / sum_t n(t, d) w(t), over the words t that have a vector x_t; w(t)
    is 1, or with idf how rare the word is, ln((1 + N) / (1 + df(t))) + 1. A document without such a word has
    a histogram of zeros, all others sum to 1.

    words, matrix: the words and their vectors, a row each (V, D).
    codebook: how to cluster the vectors; a fitted one must be inside sklearn.frozen.FrozenEstimator.
    """

    def __init__(
        self,
        words: Sequence[str],
        matrix: NDArray[np.floating],
        codebook: Codebook | FrozenEstimator | None = None,
        cleaning: CleaningConfig | None = None,
        idf: bool = False,
    ) -> None:
        self.words = words
        self.matrix = matrix
        self.codebook = codebook
        self.cleaning = cleaning
        self.idf = idf

    def fit(self, X: Iterable[str], y: object = None) -> Self:
        """Cluster the vectors, and with idf learn from texts how rare the words are.

        Raises InputError if words and vectors do not fit together.
        """
        require_vectors(self.words, self.matrix)
        book: Any = clone(Codebook() if self.codebook is None else self.codebook)
        book.fit(self.matrix, None)
        self.codebook_: Codebook = book.estimator if isinstance(book, FrozenEstimator) else book
        self._settle()
        self.weights_ = self._rarities(X) if self.idf else np.ones(len(self.words))
        return self

    def transform(self, X: Iterable[str]) -> NDArray[np.floating]:
        """Return texts as histograms (N, k)."""
        check_is_fitted(self)
        counts: Any = self._counter.transform(X)
        used = np.unique(counts.indices)
        if not len(used):
            return np.zeros((counts.shape[0], self._n_features_out))
        parts = self.codebook_.transform(self.matrix[used]) * self.weights_[used, None]
        sums = counts[:, used] @ parts
        totals = sums.sum(axis=1, keepdims=True)
        return np.divide(sums, totals, out=np.zeros_like(sums), where=totals > 0)

    def nearest_words(self, codeword: int, count: int = 10) -> list[str]:
        """Return the meaning of a codeword: the words whose vectors are nearest to it, the nearest first."""
        check_is_fitted(self)
        return [self.words[row] for row in self.codebook_.nearest(self.matrix, codeword, count)]

    def to_dict(self) -> dict[str, Any]:
        """Return settings and words as plain values for JSON; the rest is in `to_arrays`."""
        check_is_fitted(self)
        return {
            "words": list(self.words),
            "cleaning": self.cleaning and asdict(self.cleaning),
            "idf": self.idf,
            "codebook": self.codebook_.to_dict(),
        }

    def to_arrays(self) -> dict[str, NDArray[np.floating]]:
        """Return "matrix" (V, D), "centres" (k, D) and "weights" (V,)."""
        check_is_fitted(self)
        return {"matrix": self.matrix, "weights": self.weights_, **self.codebook_.to_arrays()}

    @classmethod
    def from_parts(cls, fields: Mapping[str, Any], arrays: Mapping[str, NDArray[np.floating]]) -> Self:
        """Return the transformer of `to_dict` and `to_arrays`; raises InputError for any other parts."""
        with damage_reported("codebook"):
            book = Codebook.from_parts(fields["codebook"], arrays)
            cleaning = fields["cleaning"] and CleaningConfig(**fields["cleaning"])
            made = cls(fields["words"], arrays["matrix"], FrozenEstimator(book), cleaning, fields["idf"])
            made.codebook_, made.weights_ = book, arrays["weights"]
        made._settle()
        return made

    @property
    def _n_features_out(self) -> int:
        return self.codebook_.codewords

    def __sklearn_tags__(self) -> Tags:
        return of_texts(super().__sklearn_tags__())

    def _settle(self) -> None:
        self._counter = word_counter(self.cleaning, words=self.words)

    def _rarities(self, texts: Iterable[str]) -> NDArray[np.float64]:
        counts: Any = self._counter.transform(texts)
        documents = np.bincount(counts.indices, minlength=len(self.words))
        return inverse_document_frequency("smooth", documents.tolist(), counts.shape[0])
