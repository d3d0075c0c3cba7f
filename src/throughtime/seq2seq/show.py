"""Scores and translations as tables on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from throughtime.console import say
from throughtime.decoding.ensemble import Vote
from throughtime.files.pairs import Pair
from throughtime.seq2seq.measure.score import ScoreReport


def show_scores(console: Console, scores: ScoreReport, title: str) -> None:
    """Prints every score with its interval, and the signatures below, each whole on its line to be copied."""
    console.print(scores_table(scores, title))
    for *_, signature in scores.rows():
        say(console, signature)


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
