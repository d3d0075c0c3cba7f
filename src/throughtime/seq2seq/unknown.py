"""What a translation shows where the model wrote the sign for an unknown word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from throughtime.errors import InputError
from throughtime.seq2seq.readers import read_lines
from throughtime.seq2seq.search import Hypothesis
from throughtime.seq2seq.tokenizer import UNK_ID


@dataclass(frozen=True)
class UnknownWords:
    """Puts the source word that the model looked at into its place, translated where a dictionary has it.

    After Luong, Sutskever, Le, Vinyals and Zaremba (2015, section 3), there by positions, here by attention.
    A word is looked up as it stands, then in lower case, and else copied.
    """

    dictionary: Mapping[str, str] = field(default_factory=dict)

    def filled(self, hypothesis: Hypothesis, source: Sequence[str]) -> dict[int, str]:
        """For each place of an unknown word in the hypothesis what to show there.

        source: the source's pieces as they were written, one for each id. What the model wrote without
        attention, or looking at the end of the sentence, has no entry.
        """
        pairs = zip(hypothesis.tokens, hypothesis.looked, strict=False)
        return {
            place: self._shown(source[looked])
            for place, (token, looked) in enumerate(pairs)
            if token == UNK_ID and looked < len(source)
        }

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
