"""Subwords that training sees cut otherwise each time, so that no spelling is learned by heart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from throughtime.text.tokenizer import Tokenizer

Ids = NDArray[np.int32]


class SubwordDropout:
    """Cuts each piece of a sentence in two with some probability, and its parts again.

    As BPE-dropout (Provilkov, Emelianenko and Voita 2020) but on pieces of any kind: a piece is cut where
    both parts are pieces too, at any such place alike; one that cannot be cut stays. The text stays the same.
    """

    def __init__(self, tokenizer: Tokenizer, probability: float) -> None:
        self.probability = probability
        self._cuts = [tuple(one) for one in tokenizer.cuts()]
        self._can_be_cut = np.array([bool(one) for one in self._cuts])

    def __call__(self, ids: Ids, lengths: Ids, generator: np.random.Generator) -> tuple[Ids, Ids]:
        """Sentences end to end with so many ids each, cut anew."""
        chosen = (generator.random(len(ids)) < self.probability) & self._can_be_cut[ids]
        places = np.flatnonzero(chosen)
        parts = [self._cut(int(ids[place]), generator) for place in places]
        sizes = np.ones(len(ids), np.int32)
        sizes[places] = [len(one) for one in parts]
        ends = np.cumsum(sizes)
        changed = np.empty(int(ends[-1]) if len(ends) else 0, np.int32)
        changed[ends[~chosen] - 1] = ids[~chosen]
        for place, one in zip(places, parts, strict=True):
            changed[ends[place] - len(one) : ends[place]] = one
        return changed, np.add.reduceat(sizes, np.cumsum(lengths) - lengths).astype(np.int32)

    def _cut(self, piece: int, generator: np.random.Generator) -> list[int]:
        """The parts of a piece that is cut."""
        cuts: Sequence[tuple[int, int]] = self._cuts[piece]
        parts: list[int] = []
        for one in cuts[int(generator.integers(len(cuts)))]:
            again = self._can_be_cut[one] and generator.random() < self.probability
            parts += self._cut(one, generator) if again else [one]
        return parts
