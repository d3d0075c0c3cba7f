"""The paper's tables and figures beside ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from throughtime.insight.charts import curves
from throughtime.seq2seq.measure.breakdown import Group
from throughtime.seq2seq.reproduce.findings import Searched, Where
from throughtime.seq2seq.reproduce.published import PERPLEXITY, TABLE_1, TABLE_2, Models, Rescored
from throughtime.seq2seq.reproduce.sentences import Mapped
from throughtime.seq2seq.reproduce.training import TrainedMember


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left")
    return table


def say_differences(console: Console, differences: Sequence[tuple[str, object, object]]) -> None:
    """Print each setting that differs from the paper's."""
    listed = ", ".join(f"{name} {ours} ({published})" for name, ours, published in differences)
    if listed:
        console.print(f"Settings unlike the paper's, which are in brackets: {listed}.", highlight=False)


def say_searched(console: Console, result: Searched) -> Searched:
    """Print a result as it arrives."""
    console.print(f"{result.models}, beam {result.beam_size}: BLEU {result.bleu:.2f}", highlight=False)
    return result


def members_table(
    trained: Sequence[TrainedMember], perplexities: Mapping[str, float], bleu: Mapping[str, float]
) -> Table:
    """Return a table of the single models."""
    table = _table(
        "Each model alone, beam 12", "model", "epochs", "minutes", "validation BLEU", "perplexity", "BLEU"
    )
    for member in trained:
        epochs, minutes = (f"{member.training[name]:.1f}" for name in ("epochs", "minutes"))
        scores = f"{member.validated:.1f}", f"{perplexities[member.name]:.2f}", f"{bleu[member.name]:.2f}"
        table.add_row(member.name, epochs, minutes, *scores)
    return table


def main_table(searched: Sequence[Searched]) -> Table:
    """Return table 1: the paper's BLEU beside ours."""
    table = _table(
        "BLEU by models and beam",
        "models",
        "beam",
        "paper",
        "here, lower-cased tokenised",
        "here, cased",
        "sentences/s",
    )
    for result in searched:
        published = TABLE_1.get((result.models, result.beam_size))
        table.add_row(
            result.models,
            str(result.beam_size),
            "" if published is None else f"{published:.2f}",
            f"{result.bleu:.2f} ± {result.margin:.2f}",
            f"{result.cased:.2f}",
            f"{result.speed:.0f}",
        )
    return table


def rescoring_table(rescored: Rescored, baseline: str) -> Table:
    """Return table 2: a list of translations in the order of our models."""
    table = _table("Rescoring a list of translations", "ordered by", "paper", "here")
    rows = (
        (baseline, TABLE_2.baseline, rescored.baseline),
        ("and a single forward model", TABLE_2.forward, rescored.forward),
        ("and a single reversed model", TABLE_2.reversed, rescored.reversed),
        ("and an ensemble of 5 reversed", TABLE_2.ensemble, rescored.ensemble),
        ("the reference (oracle)", TABLE_2.oracle, rescored.oracle),
    )
    for name, published, ours in rows:
        table.add_row(name, *("" if value is None else f"{value:.2f}" for value in (published, ours)))
    return table


def perplexity_table(perplexities: Mapping[str, float], names: Sequence[Models]) -> Table:
    """Return the table of section 3.3: the effect of reversal on perplexity."""
    table = _table("Perplexity of the test", "models", "paper, a word", "here, a token")
    for name in names:
        published = PERPLEXITY.get(name)
        table.add_row(name, "" if published is None else f"{published:.1f}", f"{perplexities[name]:.2f}")
    return table


def draw_where(results: Sequence[Where], folder: Path) -> list[Path]:
    """Draw figure 3: BLEU by length and by rarity."""
    length = _curves(results, "by_length", folder / "by-length", "words in the source")
    return length + _curves(results, "by_rarity", folder / "by-rarity", "mean rank of the source's words")


def _curves(results: Sequence[Where], name: str, path: Path, across: str) -> list[Path]:
    groups: dict[str, Sequence[Group]] = {result.models: getattr(result, name) for result in results}
    places = [f"{group.low:.0f} to\n{group.high:.0f}" for group in next(iter(groups.values()))]
    series = {name: [group.bleu for group in own] for name, own in groups.items()}
    return curves(path, series, places, across, "BLEU, lower-cased tokenised")


def say_verdict(console: Console, searched: Sequence[Searched], mapped: Sequence[Mapped]) -> None:
    """Print what each change gained."""
    bleu = {(result.models, result.beam_size): result.bleu for result in searched}
    five: Models = "ensemble of 5 reversed"
    gains = (
        ("reversing the source", bleu["reversed", 12] - bleu["forward", 12], 30.59 - 26.17),
        ("five models for one", bleu[five, 12] - bleu["reversed", 12], 34.81 - 30.59),
        ("a beam of 2 for 1, five models", bleu[five, 2] - bleu[five, 1], 34.50 - 33.00),
        ("a beam of 12 for 2, five models", bleu[five, 12] - bleu[five, 2], 34.81 - 34.50),
    )
    for what, ours, published in gains:
        console.print(f"{what}: {ours:+.2f} BLEU (paper {published:+.2f})", highlight=False)
    for sentences in mapped:
        console.print(
            f"{sentences.title}: sentences of one meaning lie at {sentences.separation:.2f} "
            "of the distance of others",
            highlight=False,
        )
