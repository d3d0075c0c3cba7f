"""Evaluation of word vectors: analogies, and the correlation of cosines with human judgements of similarity.

A score over the known words only would favour vectors of few words. Each score is therefore given twice: for
the questions whose words are all known, and for all, where a question with an unknown word is wrong, and a
pair with an unknown word has the mean cosine of the known ones, which is uninformative.
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
"""Two test sets.

353 pairs, where related words count as similar (Finkelstein et al. 2002), and 999, where they do not (Hill et
al. 2015).
"""

_TOGETHER = 256  # questions answered by one product of matrices


@dataclass(frozen=True)
class Answers:
    """The questions of one section, how many have only known words, and how many were answered correctly."""

    section: str
    questions: int
    covered: int
    right: int

    @property
    def coverage(self) -> float:
        """Share of covered questions."""
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
        """Interval of `of_covered`; 0 to 1 if nothing is covered."""
        return of_share(self.right, self.covered)

    @property
    def interval_of_all(self) -> Interval:
        """Interval of `of_all`."""
        return of_share(self.right, self.questions)


@dataclass(frozen=True)
class Correlation:
    """Spearman's r between cosines and human judgements, over the covered pairs and over all.

    nan if undefined: fewer than two pairs, or all of them equal.
    """

    name: str
    pairs: int
    covered: int
    of_covered: float
    of_all: float

    @property
    def coverage(self) -> float:
        """Share of covered pairs."""
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
    """The sections in order, and all of them together."""

    sections: list[Answers]
    overall: Answers


def judge_analogies(vectors: WordVectors, path: Path | None = None, restrict: int = 0) -> Analogies:
    """Answer each question a b c by the word nearest to b - a + c, other than these three.

    path: a file in the format of gensim's questions-words.txt, the default: sections begin with ": name",
    questions are four words per line. restrict: only this many vectors count, those of the most frequent
    words; 0 for all. Case is ignored: of words that differ only in case the first is used in a question, and
    each counts as an answer.

    Raises InputError, with the line, for a file of another form.
    """
    known = _Known(vectors, restrict)
    sections = [_answers(name, questions, known) for name, questions in _sections(path or shipped(ANALOGIES))]
    totals = (sum(answers.questions for answers in sections), sum(answers.covered for answers in sections))
    return Analogies(sections, Answers("all", *totals, sum(answers.right for answers in sections)))


def judge_similarity(
    vectors: WordVectors, path: Path, name: str | None = None, restrict: int = 0
) -> Correlation:
    """Compare the cosines of pairs of words with human judgements, by their ranks.

    path: a file of two words and a number per line, separated by tabs; lines that begin with # are comments.
    restrict and case as in `judge_analogies`.

    Raises InputError likewise.
    """
    known = _Known(vectors, restrict)
    pairs = list(_pairs(path))
    judged = np.array([score for _, _, score in pairs])
    cosines = np.array([known.cosine(first, second) for first, second, _ in pairs])
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
    """Return the path of a test set included in gensim; raises InputError if it is not."""
    gensim = util.find_spec("gensim")
    assert gensim is not None and gensim.origin is not None, "vectors are searched by gensim"
    path = Path(gensim.origin).parent / "test" / "test_data" / name
    if not path.exists():
        raise InputError(
            f"{path} does not exist: this gensim does not include {name}; expected the path of a test set"
        )
    return path


class _Known:
    """Lower-case words and their vectors, normalised to length 1."""

    def __init__(self, vectors: WordVectors, restrict: int) -> None:
        if restrict < 0:
            raise InputError(f"restrict is {restrict}; expected 0 or more")
        words = [word.lower() for word in vectors.words[: restrict or None]]
        rows = vectors.matrix[: len(words)]
        self.unit: Vector = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-30)
        self.row: dict[str, int] = {}
        for row, word in enumerate(words):
            self.row.setdefault(word, row)
        self.first = np.array(
            [self.row[word] for word in words]
        )  # the row of the first word of that spelling

    def cosine(self, first: str, second: str) -> float:
        """Return the cosine of two words; nan if one is unknown."""
        rows = [self.row.get(first), self.row.get(second)]
        return math.nan if None in rows else float(self.unit[rows[0]] @ self.unit[rows[1]])


def _answers(section: str, questions: Sequence[Sequence[str]], known: _Known) -> Answers:
    covered = [question for question in questions if all(word in known.row for word in question)]
    rows = np.array([[known.row[word] for word in question] for question in covered], np.int64).reshape(-1, 4)
    batches = (rows[start : start + _TOGETHER] for start in range(0, len(rows), _TOGETHER))
    return Answers(section, len(questions), len(covered), sum(_right(batch, known) for batch in batches))


def _right(rows: NDArray[np.int64], known: _Known) -> int:
    """Return how many of the questions a b c, in rows of four words' rows, are answered by the fourth."""
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
                raise InputError(f"{path}:{number}: a question has four words; got {len(words)}")
            questions.append(words)
    if not questions and not name:
        raise InputError(f"{path} has no question; expected four words per line")
    yield name, questions


def _pairs(path: Path) -> Iterator[tuple[str, str, float]]:
    empty = True
    for number, line in enumerate(read_lines(path), 1):
        if line.strip() and not line.startswith("#"):
            empty = False
            yield _pair(line.lower().split("\t"), f"{path}:{number}")
    if empty:
        raise InputError(f"{path} has no pair; expected two words and a number per line, separated by tabs")


def _pair(fields: list[str], where: str) -> tuple[str, str, float]:
    try:
        first, second, score = fields
        judged = float(score)
    except ValueError as error:
        raise InputError(f"{where}: expected two words and a number, separated by tabs") from error
    if not math.isfinite(judged):
        raise InputError(f"{where}: expected a finite number; got {score.strip()}")
    return first.strip(), second.strip(), judged


def _spearman(cosines: NDArray[np.float64], judged: NDArray[np.float64]) -> float:
    if len(set(cosines.tolist())) < 2 or len(set(judged.tolist())) < 2:
        return math.nan
    return float(cast("Any", spearmanr(cosines, judged)).statistic)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
