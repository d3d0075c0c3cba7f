"""Groups of words for a picture: the neighbours of a few words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from throughtime.errors import InputError
from throughtime.words.embed.vectors import WordVectors

SEEDS = ("matrix", "gradient", "random", "file", "thread", "string")
"""Words that are frequent in the documentation of the built-in packages."""


def groups_around(vectors: WordVectors, seeds: Sequence[str] = (), size: int = 10) -> dict[str, list[str]]:
    """Return, by seed, itself and its nearest words, `size` in all; each word is in only one group.

    Without seeds, the known words of SEEDS are used; if there are fewer than two, frequent words far from one
    another.

    Raises InputError for an unknown seed, a repeated seed, and a size below 1.
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
    """Yield those of the nearest n words that are in no group, skipping plurals and variants of others."""
    stems = {_stem(seed)}
    vectors.vector(seed)  # raises for an unknown word
    for word, _ in vectors.nearest(seed, n):
        if word not in taken and _stem(word) not in stems:
            stems.add(_stem(word))
            yield word


def _stem(word: str) -> str:
    return word.lower().removesuffix("'s").removesuffix("s")


def _own_seeds(vectors: WordVectors) -> list[str]:
    known = [seed for seed in SEEDS if seed in vectors]
    return known if len(known) > 1 else _spread(vectors, len(SEEDS))


def _spread(vectors: WordVectors, number: int) -> list[str]:
    """Return `number` frequent words, each the farthest from those before (Gonzalez 1985)."""
    frequent = vectors.matrix[100:1100] if len(vectors) > 1100 else vectors.matrix
    first = 100 if len(vectors) > 1100 else 0
    unit = frequent / np.maximum(np.linalg.norm(frequent, axis=1, keepdims=True), 1e-30)
    rows = [0]
    for _ in range(min(number, len(unit)) - 1):
        rows.append(int((unit @ unit[rows].T).max(1).argmin()))
    return [vectors.words[first + row] for row in rows]
