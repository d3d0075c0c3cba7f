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


def say_differences(console: Console, found: Sequence[tuple[str, object, object]]) -> None:
    """Each setting that is not the paper's."""
    told = ", ".join(f"{name} {ours} ({published})" for name, ours, published in found)
    if told:
        console.print(f"Settings unlike the paper's, which stand in brackets: {told}.", highlight=False)


def say_searched(console: Console, one: Searched) -> Searched:
    """What was found, as it comes."""
    console.print(f"{one.models}, beam {one.beam_size}: BLEU {one.bleu:.2f}", highlight=False)
    return one


def members_table(
    trained: Sequence[TrainedMember], perplexities: Mapping[str, float], bleu: Mapping[str, float]
) -> Table:
    """Each model by itself."""
    table = _table(
        "Each model alone, beam 12", "model", "epochs", "minutes", "validation BLEU", "perplexity", "BLEU"
    )
    for one in trained:
        epochs, minutes = (f"{one.training[name]:.1f}" for name in ("epochs", "minutes"))
        found = f"{one.validated:.1f}", f"{perplexities[one.name]:.2f}", f"{bleu[one.name]:.2f}"
        table.add_row(one.name, epochs, minutes, *found)
    return table


def main_table(searched: Sequence[Searched]) -> Table:
    """Table 1: the paper's BLEU beside ours."""
    table = _table(
        "BLEU by models and beam",
        "models",
        "beam",
        "paper",
        "here, lower-cased tokenised",
        "here, cased",
        "sentences/s",
    )
    for one in searched:
        published = TABLE_1.get((one.models, one.beam_size))
        table.add_row(
            one.models,
            str(one.beam_size),
            "" if published is None else f"{published:.2f}",
            f"{one.bleu:.2f} ± {one.margin:.2f}",
            f"{one.cased:.2f}",
            f"{one.speed:.0f}",
        )
    return table


def rescoring_table(found: Rescored, baseline: str) -> Table:
    """Table 2: a list of translations in the order of our models."""
    table = _table("Rescoring a list of translations", "ordered by", "paper", "here")
    rows = (
        (baseline, TABLE_2.baseline, found.baseline),
        ("and a single forward model", TABLE_2.forward, found.forward),
        ("and a single reversed model", TABLE_2.reversed, found.reversed),
        ("and an ensemble of 5 reversed", TABLE_2.ensemble, found.ensemble),
        ("the reference (oracle)", TABLE_2.oracle, found.oracle),
    )
    for name, published, ours in rows:
        table.add_row(name, *("" if one is None else f"{one:.2f}" for one in (published, ours)))
    return table


def perplexity_table(perplexities: Mapping[str, float], names: Sequence[Models]) -> Table:
    """Section 3.3: what reversal does to perplexity."""
    table = _table("Perplexity of the test", "models", "paper, a word", "here, a token")
    for name in names:
        published = PERPLEXITY.get(name)
        table.add_row(name, "" if published is None else f"{published:.1f}", f"{perplexities[name]:.2f}")
    return table


def draw_where(found: Sequence[Where], folder: Path) -> list[Path]:
    """Figure 3: BLEU by length and by rarity."""
    length = _curves(found, "by_length", folder / "by-length", "words in the source")
    return length + _curves(found, "by_rarity", folder / "by-rarity", "mean rank of the source's words")


def _curves(found: Sequence[Where], name: str, path: Path, across: str) -> list[Path]:
    groups: dict[str, Sequence[Group]] = {one.models: getattr(one, name) for one in found}
    places = [f"{one.low:.0f} to\n{one.high:.0f}" for one in next(iter(groups.values()))]
    series = {name: [one.bleu for one in ones] for name, ones in groups.items()}
    return curves(path, series, places, across, "BLEU, lower-cased tokenised")


def say_verdict(console: Console, searched: Sequence[Searched], mapped: Sequence[Mapped]) -> None:
    """What was gained by what, in sentences."""
    bleu = {(one.models, one.beam_size): one.bleu for one in searched}
    five: Models = "ensemble of 5 reversed"
    gains = (
        ("reversing the source", bleu["reversed", 12] - bleu["forward", 12], 30.59 - 26.17),
        ("five models for one", bleu[five, 12] - bleu["reversed", 12], 34.81 - 30.59),
        ("a beam of 2 for 1, five models", bleu[five, 2] - bleu[five, 1], 34.50 - 33.00),
        ("a beam of 12 for 2, five models", bleu[five, 12] - bleu[five, 2], 34.81 - 34.50),
    )
    for what, ours, published in gains:
        console.print(f"{what}: {ours:+.2f} BLEU (paper {published:+.2f})", highlight=False)
    for one in mapped:
        console.print(
            f"{one.title}: sentences of one meaning lie at {one.separation:.2f} of the distance of others",
            highlight=False,
        )
