"""Subword regularisation: training splits words differently each time, so that no spelling is memorised."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from throughtime.text.tokenizer import Tokenizer

Ids = NDArray[np.int32]


class SubwordDropout:
    """Splits each piece of a sentence in two with some probability, and its parts again.

    As BPE-dropout (Provilkov, Emelianenko and Voita 2020) but for pieces of any kind: a piece is split where
    both parts are pieces too, uniformly over such places; one that cannot be split stays. The text is
    unchanged.
    """

    def __init__(self, tokenizer: Tokenizer, probability: float) -> None:
        self.probability = probability
        self._cuts = [tuple(cuts) for cuts in tokenizer.cuts()]
        self._can_be_cut = np.array([bool(cuts) for cuts in self._cuts])

    def __call__(self, ids: Ids, lengths: Ids, generator: np.random.Generator) -> tuple[Ids, Ids]:
        """Split concatenated sentences of these lengths again."""
        chosen = (generator.random(len(ids)) < self.probability) & self._can_be_cut[ids]
        places = np.flatnonzero(chosen)
        parts = [self._cut(int(ids[place]), generator) for place in places]
        sizes = np.ones(len(ids), np.int32)
        sizes[places] = [len(pieces) for pieces in parts]
        ends = np.cumsum(sizes)
        changed = np.empty(int(ends[-1]) if len(ends) else 0, np.int32)
        changed[ends[~chosen] - 1] = ids[~chosen]
        for place, pieces in zip(places, parts, strict=True):
            changed[ends[place] - len(pieces) : ends[place]] = pieces
        return changed, np.add.reduceat(sizes, np.cumsum(lengths) - lengths).astype(np.int32)

    def _cut(self, piece: int, generator: np.random.Generator) -> list[int]:
        """Return the parts of a piece that is split."""
        cuts: Sequence[tuple[int, int]] = self._cuts[piece]
        parts: list[int] = []
        for part in cuts[int(generator.integers(len(cuts)))]:
            again = self._can_be_cut[part] and generator.random() < self.probability
            parts += self._cut(part, generator) if again else [part]
        return parts
