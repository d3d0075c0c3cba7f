"""Words with their vectors: neighbours, analogies, and initial rows for a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from gensim.models import KeyedVectors
from gensim.models.fasttext import ft_ngram_hashes
from numpy.typing import NDArray

from throughtime.errors import InputError

Vector = NDArray[np.float32]

UNIFORM = 0.05
"""Rows of words without a vector are drawn from uniform(-0.05, 0.05)."""

_LOOKED_THROUGH = 200_000  # most frequent words, for near spellings


@dataclass(frozen=True, eq=False)
class Subwords:
    """Vectors of the parts of words (Bojanowski et al. 2017), found by a hash of the part.

    min_n, max_n: characters in a part, < and > around the word counted. matrix (B, D): a row for each bucket.
    """

    min_n: int
    max_n: int
    matrix: Vector

    def vector(self, word: str) -> Vector | None:
        """Return the mean of the parts' vectors (D,); None if the word is too short to have parts."""
        rows = ft_ngram_hashes(word, self.min_n, self.max_n, len(self.matrix))
        return self.matrix[rows].mean(0) if rows else None


class Coverage(NamedTuple):
    """How many words of a vocabulary have a vector, and which have none."""

    known: int
    total: int
    unknown: list[str]

    @property
    def share(self) -> float:
        """Share of words with a vector."""
        return self.known / self.total if self.total else 0.0


class Rows(NamedTuple):
    """matrix (N, D), a row per word; (N,) `known` if it has a vector, `composed` if its parts have."""

    matrix: Vector
    known: NDArray[np.bool_]
    composed: NDArray[np.bool_]


@dataclass(frozen=True, eq=False, repr=False)
class WordVectors:
    """Words, a vector for each, and their origin.

    words: V different ones, the most frequent first if counts are known. matrix (V, D) float32. counts (V,):
    the count of each in the corpus, None if unknown. about: plain values for JSON.

    Raises InputError if these do not fit together, and for a number that is not finite.
    """

    words: Sequence[str]
    matrix: Vector
    counts: NDArray[np.int64] | None = None
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])
    subwords: Subwords | None = None

    def __post_init__(self) -> None:
        if self.matrix.ndim != 2 or len(self.words) != len(self.matrix) or not self.matrix.size:
            raise InputError(
                f"there are {len(self.words):,} words and vectors of shape {self.matrix.shape}; "
                "expected a row for each word, and at least one"
            )
        if self.counts is not None and len(self.counts) != len(self.words):
            raise InputError(f"{len(self.words):,} words have {len(self.counts):,} counts; expected as many")
        if len(self.index) != len(self.words):
            again = next(word for place, word in enumerate(self.words) if self.index[word] != place)
            raise InputError(f"{again!r} occurs twice; expected different words")
        bad = np.flatnonzero(~np.isfinite(self.matrix).all(1))
        if len(bad):
            raise InputError(f"the vector of {self.words[bad[0]]!r} has a number that is not finite")

    def __repr__(self) -> str:
        return f"<{len(self):,} words with vectors of {self.size}>"

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.index

    @property
    def size(self) -> int:
        """Numbers in a vector."""
        return self.matrix.shape[1]

    @cached_property
    def index(self) -> dict[str, int]:
        """The row of each word."""
        return {word: row for row, word in enumerate(self.words)}

    def vector(self, word: str) -> Vector:
        """Return the vector (D,) of a word, or of its parts if it is unknown but they are not.

        Raises InputError, which suggests similar spellings, for a word that has neither.
        """
        vector = self._vector(word)
        if vector is None:
            near = ", ".join(map(repr, self._spelled_like(word)))
            raise InputError(f"{word!r} has no vector" + (f"; spelled alike: {near}" if near else ""))
        return vector

    def similarity(self, first: str, second: str) -> float:
        """Return the cosine of the angle between two words."""
        return float(_unit(self.vector(first)) @ _unit(self.vector(second)))

    def nearest(self, query: str | Vector, count: int = 10) -> list[tuple[str, float]]:
        """Return the `count` words with the largest cosine to a word, except itself, or to a vector (D,)."""
        return self.analogy([query], [], count)

    def analogy(
        self, positive: Sequence[str | Vector], negative: Sequence[str | Vector], count: int = 10
    ) -> list[tuple[str, float]]:
        """Return the `count` words nearest to sum positive - sum negative, of length 1 each, excluding these.

        king - man + woman is analogy(["king", "woman"], ["man"]) (Mikolov et al. 2013).

        Raises InputError for a word without a vector, a vector of another size, no words, and a count below
        1.
        """
        if count < 1:
            raise InputError(f"count is {count}; expected at least 1")
        if not (positive or negative):
            raise InputError("no word was given; expected at least one")
        return self._searched.most_similar(
            positive=[self._query(query) for query in positive],
            negative=[self._query(query) for query in negative],
            topn=count,
        )

    def odd_one_out(self, words: Sequence[str]) -> str:
        """Return the word with the smallest cosine to the mean of all; raises InputError for two or fewer."""
        if len(words) < 3:
            raise InputError(f"{len(words)} words were given; expected at least three, one of them odd")
        rows = np.stack([_unit(self.vector(word)) for word in words])
        return words[int((rows @ rows.mean(0)).argmin())]

    def coverage(self, vocabulary: Sequence[str]) -> Coverage:
        """Return which words of a vocabulary have a vector, of their own or of their parts."""
        unknown = [word for word in vocabulary if self._vector(word) is None]
        return Coverage(len(vocabulary) - len(unknown), len(vocabulary), unknown)

    def matrix_for(self, vocabulary: Sequence[str], seed: int = 0) -> Rows:
        """Return rows for an embedding layer over `vocabulary`.

        The row of an unknown word is that of its parts, if there are any, and else drawn from uniform(-0.05,
        0.05).
        """
        drawn = np.random.default_rng(seed).uniform(-UNIFORM, UNIFORM, (len(vocabulary), self.size))
        matrix = drawn.astype(np.float32)
        known = np.array([word in self for word in vocabulary], np.bool_)
        composed = np.zeros_like(known)
        for row, word in enumerate(vocabulary):
            vector = self._vector(word)
            if vector is not None:
                matrix[row], composed[row] = vector, not known[row]
        return Rows(matrix, known, composed)

    def _vector(self, word: str) -> Vector | None:
        row = self.index.get(word)
        if row is not None:
            return self.matrix[row]
        return self.subwords.vector(word) if self.subwords else None

    def _query(self, query: str | Vector) -> str | Vector:
        """Return a word that gensim knows, and excludes from its results, or a vector of length 1."""
        if isinstance(query, str):
            return query if query in self else _unit(self.vector(query))
        if query.shape != (self.size,):
            raise InputError(f"a vector of shape {query.shape} was given; expected ({self.size},)")
        return _unit(query)

    @cached_property
    def _searched(self) -> KeyedVectors:
        """Return the same words and vectors, not copied, in the form that gensim searches."""
        known = KeyedVectors(self.size)
        known.index_to_key, known.key_to_index, known.vectors = list(self.words), self.index, self.matrix
        lengths = np.linalg.norm(self.matrix, axis=1)
        known.norms = np.where(lengths > 0, lengths, 1)  # so that words at the origin are near none
        return known

    def _spelled_like(self, word: str) -> list[str]:
        small = word.lower()
        if small in self and small != word:
            return [small]
        alike = [
            other
            for other in self.words[:_LOOKED_THROUGH]
            if other[:1].lower() == small[:1] and abs(len(other) - len(word)) <= 2
        ]
        return get_close_matches(word, alike, n=3, cutoff=0.7)


def _unit(vector: Vector) -> Vector:
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector
