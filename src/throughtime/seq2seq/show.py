"""Scores and translations as tables on the screen."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from throughtime.seq2seq.readers import Pair
from throughtime.seq2seq.score import ScoreReport


def scores_table(scores: ScoreReport, title: str) -> Table:
    """Every score with its interval, the signatures below."""
    table = Table(title=Text(f"{title}: {scores.sentences:,} sentences"), title_justify="left")
    for heading in ("measure", "score", "95% interval"):
        table.add_column(heading)
    for *row, _ in scores.rows():
        table.add_row(*row)
    table.caption = Text("\n".join(signature for *_, signature in scores.rows()))
    table.caption_justify = "left"
    return table


def translations_table(pairs: Sequence[Pair], translations: Sequence[str]) -> Table:
    """Sources beside what was written and what was expected."""
    table = Table(title="Translations", title_justify="left", show_lines=True)
    for heading in ("source", "translation", "reference"):
        table.add_column(heading)
    for pair, translation in zip(pairs, translations, strict=True):
        table.add_row(
            *map(Text, (pair.src, translation, pair.tgt))
        )  # a string would be read as rich's markup
    return table
