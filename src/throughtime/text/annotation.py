"""Annotation of unknown target words, for training, by their position in the source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from throughtime.files.pairs import Pair
from throughtime.layers.special_ids import UNK_ID
from throughtime.text.alignment import Alignment
from throughtime.text.tokenizer import Tokenizer, unplaced


@dataclass(frozen=True)
class Annotation:
    """Writes unknown target words as the distance to the source words they translate.

    unkpos_d with d = j - i for target position j and source position i, if |d| <= FARTHEST, else the id for
    no position (Luong et al. 2015, section 3.3). A word that the source contains too refers to that, of
    several the one at the most similar relative position; other words refer to the aligned one.
    """

    alignment: Alignment
    src: Tokenizer
    tgt: Tokenizer

    @cached_property
    def _ids(self) -> dict[int | None, int]:
        return {offset: number for number, offset in self.tgt.unknowns.items()}

    def __call__(self, pair: Pair, src: list[int], tgt: list[int]) -> list[int]:
        """Return the target's ids with each UNK_ID annotated."""
        places = [k for k, number in enumerate(tgt) if number == UNK_ID]
        if not places:
            return tgt
        source, target = self.src.surfaces(pair.src), self.tgt.surfaces(pair.tgt)
        written = list(tgt)
        for place, aligned in zip(places, self.alignment.places(src, tgt, places), strict=True):
            share = place / len(target) * len(source)
            same = [k for k, word in enumerate(source) if word == target[place]]
            meant = min(same, key=lambda k: abs(k - share)) if same else aligned
            off = None if meant is None else place - meant
            written[place] = self._ids.get(off, unplaced(self.tgt))
        return written
