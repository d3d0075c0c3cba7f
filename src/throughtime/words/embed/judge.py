"""How good word vectors are: analogies, and how far their cosines go with what people find similar.

A score over the known words alone flatters vectors of few words. Each score is therefore given twice: of the
questions whose words are all known, and of all, where an unknown word is a wrong answer, and where an unknown
pair has the mean cosine of the known ones, which tells nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from throughtime.errors import InputError
from throughtime.files.lines import read_lines
from throughtime.measure.intervals import Interval, of_correlation, of_share
from throughtime.words.embed.vectors import Vector, WordVectors

ANALOGIES = "questions-words.txt"
"""19,544 questions in 14 sections (Mikolov et al. 2013a)."""

SIMILARITIES: Mapping[str, str] = {"WordSim-353": "wordsim353.tsv", "SimLex-999": "simlex999.txt"}
"""353 pairs, where related words count as similar (Finkelstein et al. 2002), and 999, where they do not
(Hill et al. 2015)."""

_TOGETHER = 256  # questions answered by one product of matrices


@dataclass(frozen=True)
class Answers:
    """The questions of one section, how many are of known words alone, and how many were answered right."""

    section: str
    questions: int
    covered: int
    right: int

    @property
    def coverage(self) -> float:
        """covered / questions."""
        return _share(self.covered, self.questions)

    @property
    def of_covered(self) -> float:
        """Accuracy over the questions whose words are known: right / covered."""
        return _share(self.right, self.covered)

    @property
    def of_all(self) -> float:
        """Accuracy over all questions: right / questions."""
        return _share(self.right, self.questions)

    @property
    def interval(self) -> Interval:
        """Interval of `of_covered`; 0 to 1 where nothing is covered."""
        return of_share(self.right, self.covered)

    @property
    def interval_of_all(self) -> Interval:
        """Interval of `of_all`."""
        return of_share(self.right, self.questions)


@dataclass(frozen=True)
class Correlation:
    """Spearman's r between cosines and people's judgements, over the covered pairs and over all.

    nan where it is not defined: fewer than two pairs, or all of them alike.
    """

    name: str
    pairs: int
    covered: int
    of_covered: float
    of_all: float

    @property
    def coverage(self) -> float:
        """covered / pairs."""
        return _share(self.covered, self.pairs)

    @property
    def interval(self) -> Interval:
        """Interval of `of_covered`; -1 to 1 for fewer than four pairs."""
        return of_correlation(self.of_covered, self.covered)

    @property
    def interval_of_all(self) -> Interval:
        """Interval of `of_all`."""
        return of_correlation(self.of_all, self.pairs)


class Analogies(NamedTuple):
    """The sections in their order, and all of them together."""

    sections: list[Answers]
    overall: Answers


def judge_analogies(vectors: WordVectors, path: Path | None = None, restrict: int = 0) -> Analogies:
    """Answer each question a b c by the word nearest to b - a + c, itself none of the three.

    path: of a file as gensim's questions-words.txt, which is taken unless another is given: sections begin
    with ": name", questions are four words a line. restrict: of the vectors only so many first ones, the most
    frequent words, count; 0 for all. Capitals and small letters are the same: of words that differ in nothing
    else the first stands in a question, and each is an answer. Raises InputError, with the line, for a file
    of another form.
    """
    known = _Known(vectors, restrict)
    found = [_answers(name, questions, known) for name, questions in _sections(path or shipped(ANALOGIES))]
    totals = (sum(one.questions for one in found), sum(one.covered for one in found))
    return Analogies(found, Answers("all", *totals, sum(one.right for one in found)))


def judge_similarity(
    vectors: WordVectors, path: Path, name: str | None = None, restrict: int = 0
) -> Correlation:
    """Compare the cosines of pairs of words with people's judgements, by their ranks.

    path: of a file whose lines are two words and a number, parted by tabs; lines that begin with # are
    comments. restrict and capitals as in `judge_analogies`. Raises InputError likewise.
    """
    known = _Known(vectors, restrict)
    pairs = list(_pairs(path))
    judged = np.array([score for _, _, score in pairs])
    cosines = np.array([known.cosine(one, other) for one, other, _ in pairs])
    covered = ~np.isnan(cosines)
    filled = np.where(covered, cosines, cosines[covered].mean() if covered.any() else 0.0)
    return Correlation(
        name or path.stem,
        len(pairs),
        int(covered.sum()),
        _spearman(cosines[covered], judged[covered]),
        _spearman(filled, judged),
    )


def shipped(name: str) -> Path:
    """Return the path of a test set that gensim brings; raises InputError where it does not."""
    gensim = util.find_spec("gensim")
    assert gensim is not None and gensim.origin is not None, "vectors are searched by gensim"
    path = Path(gensim.origin).parent / "test" / "test_data" / name
    if not path.exists():
        raise InputError(
            f"{path} is not there: this gensim brings no {name}; expected the path of a test set"
        )
    return path


class _Known:
    """Words by their small letters, and their vectors at length 1."""

    def __init__(self, vectors: WordVectors, restrict: int) -> None:
        if restrict < 0:
            raise InputError(f"restrict is {restrict}; expected 0 or more")
        words = [word.lower() for word in vectors.words[: restrict or None]]
        rows = vectors.matrix[: len(words)]
        self.unit: Vector = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-30)
        self.row: dict[str, int] = {}
        for row, word in enumerate(words):
            self.row.setdefault(word, row)
        self.first = np.array([self.row[word] for word in words])  # the row of the same word's first form

    def cosine(self, one: str, other: str) -> float:
        """The cosine of two words; nan where one is not known."""
        rows = [self.row.get(one), self.row.get(other)]
        return math.nan if None in rows else float(self.unit[rows[0]] @ self.unit[rows[1]])


def _answers(section: str, questions: Sequence[Sequence[str]], known: _Known) -> Answers:
    covered = [question for question in questions if all(word in known.row for word in question)]
    rows = np.array([[known.row[word] for word in one] for one in covered], np.int64).reshape(-1, 4)
    batches = (rows[start : start + _TOGETHER] for start in range(0, len(rows), _TOGETHER))
    return Answers(section, len(questions), len(covered), sum(_right(batch, known) for batch in batches))


def _right(rows: NDArray[np.int64], known: _Known) -> int:
    """How many of the questions a b c, in rows of four words' rows, have the fourth for an answer."""
    a, b, c, expected = rows.T
    scores = (known.unit[b] - known.unit[a] + known.unit[c]) @ known.unit.T
    for asked in (a, b, c):
        scores[known.first == asked[:, None]] = -np.inf
    return int((known.first[scores.argmax(1)] == expected).sum())


def _sections(path: Path) -> Iterator[tuple[str, list[list[str]]]]:
    name, questions = "", list[list[str]]()
    for number, line in enumerate(read_lines(path), 1):
        if line.startswith(":"):
            if questions:
                yield name, questions
            name, questions = line[1:].strip(), []
        elif words := line.lower().split():
            if len(words) != 4:
                raise InputError(f"{path}:{number}: {len(words)} words found; a question has four")
            questions.append(words)
    if not questions and not name:
        raise InputError(f"{path} has no question; expected four words a line")
    yield name, questions


def _pairs(path: Path) -> Iterator[tuple[str, str, float]]:
    empty = True
    for number, line in enumerate(read_lines(path), 1):
        if line.strip() and not line.startswith("#"):
            empty = False
            yield _pair(line.lower().split("\t"), f"{path}:{number}")
    if empty:
        raise InputError(f"{path} has no pair; expected two words and a number a line, parted by tabs")


def _pair(fields: list[str], where: str) -> tuple[str, str, float]:
    try:
        one, other, score = fields
        judged = float(score)
    except ValueError as error:
        raise InputError(f"{where}: two words and a number were expected, parted by tabs") from error
    if not math.isfinite(judged):
        raise InputError(f"{where}: {score.strip()} was found; a finite number was expected")
    return one.strip(), other.strip(), judged


def _spearman(cosines: NDArray[np.float64], judged: NDArray[np.float64]) -> float:
    if len(set(cosines.tolist())) < 2 or len(set(judged.tolist())) < 2:
        return math.nan
    return float(cast("Any", spearmanr(cosines, judged)).statistic)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
