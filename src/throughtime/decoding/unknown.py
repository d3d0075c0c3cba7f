"""Replacement of unknown words in translations."""

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
    """Replaces an unknown word by the source word it refers to, translated if a dictionary has it.

    After Luong, Sutskever, Le, Vinyals and Zaremba (2015, section 3): by position if the model wrote one,
    else by attention. A word is looked up as it is, then in lower case, and else copied.
    """

    dictionary: Mapping[str, str] = field(default_factory=dict)

    def filled(
        self,
        hypothesis: Hypothesis,
        source: Sequence[str],
        unknowns: Mapping[int, int | None] = UNKNOWN,
    ) -> dict[int, str]:
        """Return the replacement of each unknown word in the hypothesis, by its position.

        source: the source's pieces as they were written, one for each id. unknowns: as in the target's
        tokenizer. Words with neither position nor attention, or whose position is outside the source, have no
        entry.
        """
        looked = dict(enumerate(hypothesis.looked))
        fillings: dict[int, str] = {}
        for place, token in enumerate(hypothesis.tokens):
            if token in unknowns:
                off = unknowns[token]
                meant = looked.get(place, -1) if off is None else place - off
                if 0 <= meant < len(source):
                    fillings[place] = self._shown(source[meant])
        return fillings

    def _shown(self, word: str) -> str:
        return self.dictionary.get(word) or self.dictionary.get(word.lower()) or word


def read_dictionary(path: Path) -> dict[str, str]:
    """Read source words and their translations, tab-separated, one pair per line.

    The first of several translations counts.

    Raises InputError, with the line number, for a line that is not such a pair.
    """
    dictionary: dict[str, str] = {}
    for number, line in enumerate(read_lines(path), 1):
        word, _, translation = (part.strip() for part in line.partition("\t"))
        if not (word and translation and "\t" not in translation):
            raise InputError(
                f"{path}, line {number}: expected a word, a tab and its translation; got {line!r}"
            )
        dictionary.setdefault(word, translation)
    return dictionary
