"""Lists of the best translations of each sentence: read, and put into another order by other models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from throughtime.errors import InputError
from throughtime.files.lines import read_lines
from throughtime.files.pairs import Pair

if TYPE_CHECKING:
    from throughtime.seq2seq.measure.likelihood import Judge

BAR, BAR_IN_TEXT = "|||", "&#124;" * 3


@dataclass(frozen=True)
class Listed:
    """A translation in such a list, with the score that it was given."""

    text: str
    score: float


Lists = Sequence[Sequence[Listed]]
"""For each sentence its translations."""


def read_n_best(path: Path, sentences: int) -> list[list[Listed]]:
    """Reads a list as Moses writes it: number of the sentence, from 0, text, features, score, between bars.

    What follows the score is passed over. Raises InputError, with the line's number, for a line of another
    form or a sentence that is not there, and for a sentence without a translation.
    """
    found: list[list[Listed]] = [[] for _ in range(sentences)]
    for number, line in enumerate(read_lines(path), 1):
        place, one = _parsed(line, f"{path}, line {number}")
        if not 0 <= place < sentences:
            raise InputError(
                f"{path}, line {number}: sentence {place}, but there are {sentences:,}; numbers begin at 0"
            )
        found[place].append(one)
    if [] in found:
        raise InputError(f"{path} has no translation of sentence {found.index([])}; expected one at least")
    return found


def _parsed(line: str, where: str) -> tuple[int, Listed]:
    fields = [field.strip() for field in line.split(BAR)]
    try:
        return int(fields[0]), Listed(fields[1].replace(BAR_IN_TEXT, BAR), float(fields[3]))
    except (IndexError, ValueError):
        raise InputError(
            f"{where}: expected number {BAR} text {BAR} features {BAR} score; got {line!r}"
        ) from None


def n_best_lines(lists: Lists) -> list[str]:
    """The lines of such a file."""
    return [
        n_best_line(number, one.text, f"Total= {one.score:.4f}", one.score)
        for number, ones in enumerate(lists)
        for one in ones
    ]


def n_best_line(number: int, text: str, features: str, score: float, alignment: str = "") -> str:
    """One line; three bars in the text become &#124;&#124;&#124;."""
    shown = text.replace(BAR, BAR_IN_TEXT)
    return f"{number} {BAR} {shown} {BAR} {features} {BAR} {score:.4f} {BAR} {alignment}".rstrip()


def rescored(lists: Lists, sources: Sequence[str], judge: Judge, weight: float) -> list[list[Listed]]:
    """The lists in the order of (1 - weight) * score + weight * log P(text | source), best first.

    With weight 0.5 the even average of Sutskever, Vinyals and Le (2014, section 3.2). Equal ones stay as they
    stood.
    """
    pairs = [Pair(src, one.text) for src, ones in zip(sources, lists, strict=True) for one in ones]
    judged = iter(judge.likelihoods(pairs))
    scored = [
        [replace(one, score=_mean(one.score, next(judged).log_probability, weight)) for one in ones]
        for ones in lists
    ]
    return [sorted(ones, key=lambda one: one.score, reverse=True) for ones in scored]


def _mean(score: float, other: float, weight: float) -> float:
    """(1 - weight) * score + weight * other; what has no weight may be infinite."""
    if weight in (0, 1):
        return other if weight else score
    return (1 - weight) * score + weight * other


def oracle(lists: Lists, references: Sequence[str]) -> list[str]:
    """Of each list the text nearest to the reference, by its BLEU: what the list can give at most."""
    from throughtime.seq2seq.measure.score import sentence_bleu  # here, since translating needs no scorer

    return [
        max((one.text for one in ones), key=lambda text: sentence_bleu(text, reference))
        for ones, reference in zip(lists, references, strict=True)
    ]
