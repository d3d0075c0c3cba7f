"""Tables of the evaluation of word vectors."""

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


def analogies_table(analogies: Analogies) -> Table:
    """Return the accuracy of each section of questions, and of all."""
    table = Table(title="Analogies, per cent right", title_justify="left")
    table.add_column("section", overflow="fold")
    for heading in ("asked", "known", "of known", "95 % interval", "of all"):
        table.add_column(heading, justify="right", no_wrap=True)
    for answers in (*analogies.sections, analogies.overall):
        table.add_row(
            *_answers(answers), end_section=answers is analogies.sections[-1] if analogies.sections else False
        )
    return table


def similarities_table(correlations: Sequence[Correlation]) -> Table:
    """Return the correlation with human judgements."""
    table = Table(title="Similarity, Spearman's r with human judgements", title_justify="left")
    table.add_column("pairs of", overflow="fold")
    for heading in ("pairs", "known", "r of known", "95 % interval", "r of all"):
        table.add_column(heading, justify="right", no_wrap=True)
    for correlation in correlations:
        low, high = correlation.interval
        figures = (f"{correlation.of_covered:.3f}", f"{low:.2f} to {high:.2f}", f"{correlation.of_all:.3f}")
        table.add_row(
            Text(correlation.name), f"{correlation.pairs:,}", f"{correlation.coverage:.1%}", *figures
        )
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
    """Return everything as plain values for JSON."""
    return {
        "analogies": [_with_interval(judged) for judged in (*asked.sections, asked.overall)],
        "similarities": [_with_interval(judged) for judged in correlations],
    }


def _with_interval(judged: Answers | Correlation) -> dict[str, Any]:
    intervals: dict[str, Interval] = {"interval": judged.interval, "interval_of_all": judged.interval_of_all}
    return {**asdict(judged), "of_covered": judged.of_covered, "of_all": judged.of_all, **intervals}


def _answers(answers: Answers) -> list[str | Text]:
    low, high = answers.interval
    of_known = (f"{100 * answers.of_covered:.1f}", f"{100 * low:.1f} to {100 * high:.1f}")
    right = (*(of_known if answers.covered else ("-", "-")), f"{100 * answers.of_all:.1f}")
    return [
        Text(answers.section.replace("-", " ")),
        f"{answers.questions:,}",
        f"{answers.coverage:.1%}",
        *right,
    ]
