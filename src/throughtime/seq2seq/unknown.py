"""What a translation shows in the place of unknown words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from throughtime.decoding.stepping import Hypothesis
from throughtime.errors import InputError
from throughtime.files.lines import read_lines
from throughtime.text.tokenizer import UNKNOWN


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
