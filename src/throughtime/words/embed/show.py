"""How good word vectors are, on the screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from throughtime.measure.intervals import Interval
from throughtime.words.embed.judge import Analogies, Answers, Correlation
from throughtime.words.embed.vectors import WordVectors


def analogies_table(found: Analogies) -> Table:
    """Accuracy of each section of questions, and of all."""
    table = Table(title="Analogies, per cent right", title_justify="left")
    table.add_column("section", overflow="fold")
    for heading in ("asked", "known", "of known", "95 % interval", "of all"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in (*found.sections, found.overall):
        table.add_row(*_answers(one), end_section=one is found.sections[-1] if found.sections else False)
    return table


def similarities_table(found: Sequence[Correlation]) -> Table:
    """Correlation with people's judgements."""
    table = Table(title="Similarity, Spearman's r with people's judgements", title_justify="left")
    table.add_column("pairs of", overflow="fold")
    for heading in ("pairs", "known", "r of known", "95 % interval", "r of all"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in found:
        low, high = one.interval
        figures = (f"{one.of_covered:.3f}", f"{low:.2f} to {high:.2f}", f"{one.of_all:.3f}")
        table.add_row(Text(one.name), f"{one.pairs:,}", f"{one.coverage:.1%}", *figures)
    return table


def neighbours_table(vectors: WordVectors, words: Sequence[str], count: int) -> Table:
    """The nearest words of each word."""
    table = Table("word", "nearest, with their cosines", title="Neighbours", title_justify="left")
    for word in words:
        nearest = ", ".join(f"{other} {cosine:.2f}" for other, cosine in vectors.nearest(word, count))
        table.add_row(Text(word), Text(nearest))
    return table


@dataclass(frozen=True)
class Neighbours:
    """Neighbours of some words, by which a reader judges vectors that are not tested otherwise."""

    vectors: WordVectors
    words: Sequence[str]
    count: int

    def to_dict(self) -> dict[str, Any]:
        """Return each word's neighbours with their cosines."""
        return {"neighbours": {word: self.vectors.nearest(word, self.count) for word in self.words}}

    def show(self) -> Iterator[RenderableType]:
        """Yield the table."""
        yield neighbours_table(self.vectors, self.words, self.count)


@dataclass(frozen=True)
class Judged:
    """Analogies and similarities as they are printed and written."""

    analogies: Analogies
    similarities: Sequence[Correlation]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return judge_figures(self.analogies, self.similarities)

    def show(self) -> Iterator[RenderableType]:
        """Yield both tables."""
        yield analogies_table(self.analogies)
        yield similarities_table(self.similarities)


def judge_figures(asked: Analogies, correlations: Sequence[Correlation]) -> dict[str, Any]:
    """Everything as plain values for JSON."""
    return {
        "analogies": [_with_interval(one) for one in (*asked.sections, asked.overall)],
        "similarities": [_with_interval(one) for one in correlations],
    }


def _with_interval(one: Answers | Correlation) -> dict[str, Any]:
    intervals: dict[str, Interval] = {"interval": one.interval, "interval_of_all": one.interval_of_all}
    return {**asdict(one), "of_covered": one.of_covered, "of_all": one.of_all, **intervals}


def _answers(one: Answers) -> list[str | Text]:
    low, high = one.interval
    of_known = (f"{100 * one.of_covered:.1f}", f"{100 * low:.1f} to {100 * high:.1f}")
    right = (*(of_known if one.covered else ("-", "-")), f"{100 * one.of_all:.1f}")
    return [Text(one.section.replace("-", " ")), f"{one.questions:,}", f"{one.coverage:.1%}", *right]
