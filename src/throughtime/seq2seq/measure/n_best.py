"""N-best lists of translations: reading, and rescoring by other models."""

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
    """An entry of such a list: a translation and its score."""

    text: str
    score: float


Lists = Sequence[Sequence[Listed]]
"""The translations of each sentence."""


def read_n_best(path: Path, sentences: int) -> list[list[Listed]]:
    """Read a list in Moses' format: sentence number, from 0, text, features, score, separated by bars.

    Fields after the score are ignored.

    Raises InputError, with the line number, for a line of another form or an unknown sentence, and for a
    sentence without a translation.
    """
    lists: list[list[Listed]] = [[] for _ in range(sentences)]
    for number, line in enumerate(read_lines(path), 1):
        place, entry = _parsed(line, f"{path}, line {number}")
        if not 0 <= place < sentences:
            raise InputError(
                f"{path}, line {number}: sentence {place}, but there are {sentences:,}; numbers begin at 0"
            )
        lists[place].append(entry)
    if [] in lists:
        raise InputError(f"{path} has no translation of sentence {lists.index([])}; expected one at least")
    return lists


def _parsed(line: str, where: str) -> tuple[int, Listed]:
    fields = [field.strip() for field in line.split(BAR)]
    try:
        return int(fields[0]), Listed(fields[1].replace(BAR_IN_TEXT, BAR), float(fields[3]))
    except (IndexError, ValueError):
        raise InputError(
            f"{where}: expected number {BAR} text {BAR} features {BAR} score; got {line!r}"
        ) from None


def n_best_lines(lists: Lists) -> list[str]:
    """Return the lines of such a file."""
    return [
        n_best_line(number, entry.text, f"Total= {entry.score:.4f}", entry.score)
        for number, entries in enumerate(lists)
        for entry in entries
    ]


def n_best_line(number: int, text: str, features: str, score: float, alignment: str = "") -> str:
    """Return one line; three bars in the text become &#124;&#124;&#124;."""
    shown = text.replace(BAR, BAR_IN_TEXT)
    return f"{number} {BAR} {shown} {BAR} {features} {BAR} {score:.4f} {BAR} {alignment}".rstrip()


def rescored(lists: Lists, sources: Sequence[str], judge: Judge, weight: float) -> list[list[Listed]]:
    """Sort the lists by (1 - weight) * score + weight * log P(text | source), best first.

    Weight 0.5 is the even average of Sutskever, Vinyals and Le (2014, section 3.2). Equal entries keep their
    order.
    """
    pairs = [Pair(src, entry.text) for src, entries in zip(sources, lists, strict=True) for entry in entries]
    judged = iter(judge.likelihoods(pairs))
    scored = [
        [replace(entry, score=_mean(entry.score, next(judged).log_probability, weight)) for entry in entries]
        for entries in lists
    ]
    return [sorted(entries, key=lambda entry: entry.score, reverse=True) for entries in scored]


def _mean(score: float, other: float, weight: float) -> float:
    """Return (1 - weight) * score + weight * other; a term without weight may be infinite."""
    if weight in (0, 1):
        return other if weight else score
    return (1 - weight) * score + weight * other


def oracle(lists: Lists, references: Sequence[str]) -> list[str]:
    """Return the best text of each list by its BLEU against the reference: the most the list can reach."""
    from throughtime.measure.text_scores import sentence_bleu  # here, since translating needs no scorer

    return [
        max((entry.text for entry in entries), key=lambda text: sentence_bleu(text, reference))
        for entries, reference in zip(lists, references, strict=True)
    ]
