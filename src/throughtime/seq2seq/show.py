"""Scores and translations as tables on the screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from throughtime.decoding.ensemble import Vote
from throughtime.files.pairs import Pair
from throughtime.measure.text_scores import ScoreReport
from throughtime.seq2seq.evaluate import Evaluation


@dataclass(frozen=True)
class Scored:
    """An evaluation as it is printed and written: its scores, further tables, and notes below.

    about: what was evaluated, for the report.
    """

    evaluation: Evaluation
    title: str
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the translations as values that JSON holds."""
        return {**self.about, **self.evaluation.to_dict()}

    def show(self) -> Iterator[RenderableType]:
        """Yield scores with intervals, the signatures, each whole on its line to be copied, and the rest."""
        scores = self.evaluation.scores
        yield scores_table(scores, self.title)
        for *_, signature in scores.rows():
            yield signature
        yield from self.tables
        yield from self.notes


def scores_table(scores: ScoreReport, title: str) -> Table:
    """Every score with its interval."""
    table = Table(title=Text(f"{title}: {scores.sentences:,} sentences"), title_justify="left")
    for heading in ("measure", "score", "95% interval"):
        table.add_column(heading)
    for *row, _ in scores.rows():
        table.add_row(*row)
    return table


def translations_table(pairs: Sequence[Pair], translations: Sequence[str]) -> Table:
    """Sources beside what was written and what was expected."""
    table = Table(title="Translations", title_justify="left", show_lines=True)
    for heading in ("source", "translation", "reference"):
        table.add_column(heading)
    for pair, translation in zip(pairs, translations, strict=True):
        cells = (pair.src, translation, pair.tgt)
        table.add_row(*map(Text, cells))  # a string would be read as rich's markup
    return table


def votes_table(models: Sequence[Path], weights: Sequence[float], votes: Sequence[Vote]) -> Table:
    """How far each member of an ensemble would have written the same."""
    table = Table(title="Votes", title_justify="left")
    for heading in ("model", "weight", "likeliest to it too", "log p a token"):
        table.add_column(heading, justify="left" if heading == "model" else "right")
    for path, weight, vote in zip(models, weights or [1.0] * len(models), votes, strict=True):
        tokens = max(vote.tokens, 1)
        shares = f"{vote.agreed / tokens:.1%}", f"{vote.log_probability / tokens:.3f}"
        table.add_row(Text(str(path)), f"{weight:g}", *shares)
    return table
