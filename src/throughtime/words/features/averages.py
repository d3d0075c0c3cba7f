"""Texts as the means of their words' vectors, as a transformer of scikit-learn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from throughtime.text.cleaning import CleaningConfig
from throughtime.words.features.bags import word_counter
from throughtime.words.features.transformer import damage_reported, of_texts, require_vectors


class MeanVectors(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """m(d) = sum_t n(t, d) x(t) / sum_t n(t, d), over the words t that have a vector x(t).

    A document without such a word is a row of zeros.

    words, matrix: the words and their vectors, a row each (V, D).
    """

    def __init__(
        self, words: Sequence[str], matrix: NDArray[np.floating], cleaning: CleaningConfig | None = None
    ) -> None:
        self.words = words
        self.matrix = matrix
        self.cleaning = cleaning

    def fit(self, X: Iterable[str] = (), y: object = None) -> Self:
        """Prepare, learning nothing from texts; raises InputError unless each word has one vector."""
        require_vectors(self.words, self.matrix)
        self._counter = word_counter(self.cleaning, words=self.words)
        self.n_words_ = len(self.words)
        return self

    def transform(self, X: Iterable[str]) -> NDArray[np.floating]:
        """Return texts as rows (N, D)."""
        check_is_fitted(self)
        counts = self._counter.transform(X)
        totals = np.asarray(counts.sum(axis=1)).reshape(-1, 1)
        return (counts @ self.matrix) / np.maximum(totals, 1)

    def to_dict(self) -> dict[str, Any]:
        """Return words and cleaning as plain values for JSON; the vectors are in `to_arrays`."""
        return {"words": list(self.words), "cleaning": self.cleaning and asdict(self.cleaning)}

    def to_arrays(self) -> dict[str, NDArray[np.floating]]:
        """Return "matrix" (V, D)."""
        return {"matrix": self.matrix}

    @classmethod
    def from_parts(cls, fields: Mapping[str, Any], arrays: Mapping[str, NDArray[np.floating]]) -> Self:
        """Return the transformer of `to_dict` and `to_arrays`; raises InputError for any other parts."""
        with damage_reported(cls.__name__):
            cleaning = fields["cleaning"] and CleaningConfig(**fields["cleaning"])
            return cls(fields["words"], arrays["matrix"], cleaning).fit()

    @property
    def _n_features_out(self) -> int:
        return self.matrix.shape[1]

    def __sklearn_tags__(self) -> Tags:
        return of_texts(super().__sklearn_tags__())
