"""BLEU by groups of sentences: by length, and by how rare their words are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from throughtime.errors import InputError
from throughtime.measure.text_scores import quick_tokenised_bleu

GROUPS = 8
"""Number of groups of sentences, as points in the paper's figure."""


@dataclass(frozen=True)
class Group:
    """A number of sentences with keys from `low` to `high`, and their lower-cased BLEU."""

    low: float
    high: float
    sentences: int
    bleu: float


def breakdown(
    keys: Sequence[float],
    translations: Sequence[str],
    references: Sequence[str],
    language: str,
    groups: int = GROUPS,
) -> list[Group]:
    """Split sentences, sorted by key, into groups of about equal size (Sutskever et al. 2014, figure 3).

    Raises InputError for fewer sentences than groups.
    """
    if len(keys) < groups:
        raise InputError(
            f"{len(keys)} sentences cannot be cut into {groups} groups; expected as many at least"
        )
    order = np.argsort(np.asarray(keys), kind="stable")
    parts: list[list[int]] = [rows.tolist() for rows in np.array_split(order, groups)]
    return [
        Group(
            float(keys[rows[0]]),
            float(keys[rows[-1]]),
            len(rows),
            quick_tokenised_bleu(
                [translations[row] for row in rows], [references[row] for row in rows], language
            ),
        )
        for rows in parts
    ]


def lengths(sentences: Iterable[str]) -> list[float]:
    """Return the number of words of each sentence."""
    return [float(len(sentence.split())) for sentence in sentences]


class WordRanks:
    """The rank of each word by frequency, 1 for the most frequent.

    Words are separated by spaces, lower-cased, without punctuation around them. A word that is not in the
    training text has the rank after the last.
    """

    def __init__(self, training: Iterable[str]) -> None:
        counts = Counter(word for sentence in training for word in _words(sentence))
        self._ranks = {word: rank for rank, (word, _) in enumerate(counts.most_common(), 1)}

    def mean(self, sentence: str) -> float:
        """Return the mean over the words of a sentence; 0 if it has none."""
        ranks = [self._ranks.get(word, len(self._ranks) + 1) for word in _words(sentence)]
        return sum(ranks) / len(ranks) if ranks else 0.0


def _words(sentence: str) -> list[str]:
    stripped = (word.strip(".,;:!?\"'()[]«»…") for word in sentence.lower().split())
    return [word for word in stripped if word]
