"""Groups of words for a picture: those around a few words that the vectors know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from throughtime.errors import InputError
from throughtime.words.embed.vectors import WordVectors

SEEDS = ("matrix", "gradient", "random", "file", "thread", "string")
"""Words that the documentation of the built-in packages is full of."""


def groups_around(vectors: WordVectors, seeds: Sequence[str] = (), size: int = 10) -> dict[str, list[str]]:
    """Return, by seed, itself and the words nearest to it, `size` in all; a word is in one group alone.

    Without seeds, those of SEEDS are taken that the vectors know; where that is fewer than two, frequent
    words that are far from one another. Raises InputError for a seed that they do not know, a seed that is
    given twice, and a size below 1.
    """
    if size < 1:
        raise InputError(f"size is {size}; expected at least 1")
    chosen = list(seeds) or _own_seeds(vectors)
    taken = set(chosen)
    if len(taken) < len(chosen):
        raise InputError(f"seeds are {', '.join(chosen)}; expected different words")
    groups: dict[str, list[str]] = {}
    for seed in chosen:
        groups[seed] = [seed, *islice(_free(vectors, seed, size * len(chosen), taken), size - 1)]
        taken.update(groups[seed])
    return groups


def _free(vectors: WordVectors, seed: str, n: int, taken: set[str]) -> Iterator[str]:
    """Those of the nearest n words that no group has; a plural or another spelling of one is passed over."""
    stems = {_stem(seed)}
    vectors.vector(seed)  # that is known, or said not to be
    for word, _ in vectors.nearest(seed, n):
        if word not in taken and _stem(word) not in stems:
            stems.add(_stem(word))
            yield word


def _stem(word: str) -> str:
    return word.lower().removesuffix("'s").removesuffix("s")


def _own_seeds(vectors: WordVectors) -> list[str]:
    found = [seed for seed in SEEDS if seed in vectors]
    return found if len(found) > 1 else _spread(vectors, len(SEEDS))


def _spread(vectors: WordVectors, number: int) -> list[str]:
    """So many of the frequent words, each the farthest from those before (Gonzalez 1985)."""
    frequent = vectors.matrix[100:1100] if len(vectors) > 1100 else vectors.matrix
    first = 100 if len(vectors) > 1100 else 0
    unit = frequent / np.maximum(np.linalg.norm(frequent, axis=1, keepdims=True), 1e-30)
    rows = [0]
    for _ in range(min(number, len(unit)) - 1):
        rows.append(int((unit @ unit[rows].T).max(1).argmin()))
    return [vectors.words[first + row] for row in rows]
