"""Unknown words: how training writes those of the target, and what a translation shows in their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from throughtime.errors import InputError
from throughtime.seq2seq.alignment import Alignment
from throughtime.seq2seq.readers import Pair, read_lines
from throughtime.seq2seq.search import Hypothesis
from throughtime.seq2seq.tokenizer import UNK_ID, UNKNOWN, Tokenizer


@dataclass(frozen=True)
class UnknownWords:
    """Puts the source word that the model looked at into its place, translated where a dictionary has it.

    After Luong, Sutskever, Le, Vinyals and Zaremba (2015, section 3): by position where the model wrote one,
    else by attention. A word is looked up as it stands, then in lower case, and else copied.
    """

    dictionary: Mapping[str, str] = field(default_factory=dict)

    def filled(
        self,
        hypothesis: Hypothesis,
        source: Sequence[str],
        unknowns: Mapping[int, int | None] = UNKNOWN,
    ) -> dict[int, str]:
        """For each place of an unknown word in the hypothesis what to show there.

        source: the source's pieces as they were written, one for each id. unknowns: as the target's tokenizer
        has them. What the model wrote without position and attention, or what leads out of the source, has no
        entry.
        """
        looked = dict(enumerate(hypothesis.looked))
        found: dict[int, str] = {}
        for place, token in enumerate(hypothesis.tokens):
            if token in unknowns:
                off = unknowns[token]
                meant = looked.get(place, -1) if off is None else place - off
                if 0 <= meant < len(source):
                    found[place] = self._shown(source[meant])
        return found

    def _shown(self, word: str) -> str:
        return self.dictionary.get(word) or self.dictionary.get(word.lower()) or word


@dataclass(frozen=True)
class Annotation:
    """Writes unknown target words as how far they stand from the source words that they translate.

    unkpos_d with d = j - i for target place j and source place i, where |d| <= FARTHEST, else the id for no
    place (Luong et al. 2015, section 3.3). A word that the source has too stands for that, the one nearest
    to the same share of the sentence if there are several; other words for what the alignment says.
    """

    alignment: Alignment
    src: Tokenizer
    tgt: Tokenizer

    @cached_property
    def _ids(self) -> dict[int | None, int]:
        return {told: number for number, told in self.tgt.unknowns.items()}

    def __call__(self, pair: Pair, src: list[int], tgt: list[int]) -> list[int]:
        """The target's ids, those that are UNK_ID written otherwise."""
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
            written[place] = self._ids.get(off, self._ids[None])
        return written


def read_dictionary(path: Path) -> dict[str, str]:
    """Source words and their translations, tab-separated, one pair a line; the first of several counts.

    Raises InputError, with the line's number, for a line that is no such pair.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(read_lines(path), 1):
        word, _, translation = (part.strip() for part in line.partition("\t"))
        if not (word and translation and "\t" not in translation):
            raise InputError(
                f"{path}, line {number}: expected a word, a tab and its translation; got {line!r}"
            )
        found.setdefault(word, translation)
    return found
