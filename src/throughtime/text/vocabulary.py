"""Which words a vocabulary keeps, their order and their ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from throughtime.errors import InputError
from throughtime.settings import require


@dataclass(frozen=True)
class VocabularyConfig:
    """Which of the counted words a vocabulary keeps.

    Attributes:
        min_count: words that occur fewer times are dropped.
        min_documents: words in fewer documents are dropped: a number of them such as 2, or with a point a
            share such as 0.01.
        max_share: words in more than this share of the documents are dropped.
        max_size: maximum number of words, the most frequent ones; by default all.
    """

    min_count: int = 1
    min_documents: int | float = 1
    max_share: float = 1.0
    max_size: int | None = None

    def __post_init__(self) -> None:
        """Raise InputError for a value outside its range."""
        require(self, "min_count", self.min_count >= 1, "at least 1")
        share = isinstance(self.min_documents, float)
        holds = 0 < self.min_documents <= 1 if share else self.min_documents >= 1
        require(self, "min_documents", holds, "a number from 1, or with a point a share up to 1.0")
        require(self, "max_share", 0 < self.max_share <= 1, "more than 0 and at most 1")
        require(self, "max_size", self.max_size is None or self.max_size >= 1, "at least 1, or none")

    def keeps(self, count: int, documents: int, total: int) -> bool:
        """Whether to keep a word that occurs `count` times, in `documents` of `total`."""
        share = documents / total  # shares are compared, because products of them round: 0.07 * 100 > 7
        least = share if isinstance(self.min_documents, float) else documents
        return count >= self.min_count and least >= self.min_documents and share <= self.max_share


EVERY_WORD = VocabularyConfig()
"""A vocabulary of all words."""


@dataclass(frozen=True)
class Vocabulary:
    """Words by descending frequency, ties by spelling; the id of a word is its index, from 0.

    `counts` and `documents` are for each word the number of its occurrences and of the documents that have
    it, of `total_documents`. Any other word has `unknown_id`, which follows those of the words.
    """

    words: tuple[str, ...]
    counts: tuple[int, ...]
    documents: tuple[int, ...]
    total_documents: int

    @classmethod
    def build(cls, documents: Iterable[Sequence[str]], config: VocabularyConfig = EVERY_WORD) -> Vocabulary:
        """Count the words of documents, each a sequence of words, in one pass; raises as `chosen` does."""
        counts: Counter[str] = Counter()
        containing: Counter[str] = Counter()
        total = 0
        for document in documents:
            counts.update(document)
            containing.update(set(document))
            total += 1
        words = list(counts)
        return cls.chosen(words, [counts[w] for w in words], [containing[w] for w in words], total, config)

    @classmethod
    def chosen(
        cls,
        words: Sequence[str],
        counts: Sequence[int],
        documents: Sequence[int],
        total: int,
        config: VocabularyConfig = EVERY_WORD,
    ) -> Vocabulary:
        """Keep those of the counted words that `config` keeps; raises InputError if none is left."""
        rows = zip(words, counts, documents, strict=True)
        kept = [row for row in rows if config.keeps(row[1], row[2], total)]
        kept.sort(key=lambda row: (-row[1], row[0]))
        kept = kept[: config.max_size]
        if not kept:
            raise _nothing_kept(len(words), total, config)
        chosen_words, chosen_counts, chosen_documents = zip(*kept, strict=True)
        return cls(chosen_words, chosen_counts, chosen_documents, total)

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def ids(self) -> Mapping[str, int]:
        """The id of each word."""
        return {word: number for number, word in enumerate(self.words)}

    @property
    def unknown_id(self) -> int:
        """The id of every word that is not in the vocabulary: its size."""
        return len(self.words)

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Return the id of each token."""
        return [self.ids.get(token, self.unknown_id) for token in tokens]

    def one_hot(self, tokens: Iterable[str]) -> sparse.csr_array:
        """Return the tokens as rows (T, V), each 1 in its word's column; rows of unknown tokens are empty."""
        numbers = np.array(self.encode(tokens), dtype=np.int64)
        known = np.flatnonzero(numbers < len(self))
        counts = np.ones(len(known), dtype=np.int64)
        return sparse.csr_array((counts, (known, numbers[known])), shape=(len(numbers), len(self)))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return {
            "words": list(self.words),
            "counts": list(self.counts),
            "documents": list(self.documents),
            "total_documents": self.total_documents,
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Vocabulary:
        """Rebuild the vocabulary of `to_dict`; raises InputError for any other fields."""
        try:
            words, counts, documents = (tuple(fields[name]) for name in ("words", "counts", "documents"))
            total = int(fields["total_documents"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError("the vocabulary is damaged: its fields are not those of one") from error
        if not len(set(words)) == len(words) == len(counts) == len(documents):
            raise InputError("the vocabulary is damaged: its words are not distinct, or not all are counted")
        return cls(words, counts, documents, total)


def _nothing_kept(words: int, total: int, config: VocabularyConfig) -> InputError:
    if not words:
        return InputError("the documents have no word; expected at least one")
    return InputError(
        f"none of {words:,} words in {total:,} documents is left with min_count {config.min_count}, "
        f"min_documents {config.min_documents} and max_share {config.max_share}; loosen one of them"
    )
