from __future__ import annotations

import io

import pytest
from rich.console import Console

from throughtime.application.show import show_evaluation
from throughtime.files.pairs import Pair
from throughtime.measure.text_scores import ScoreReport, score
from throughtime.seq2seq.evaluate import Evaluation
from throughtime.seq2seq.show import Scored, translations_table


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=80, force_terminal=False)


@pytest.fixture(scope="module")
def scores() -> ScoreReport:
    return score(["the cat eats bread now", "no"], ["the cat eats bread today", "no"], "en", n_bootstrap=10)


def text_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_scores_are_shown_with_intervals_and_whole_signatures(console: Console, scores: ScoreReport) -> None:
    show_evaluation(Scored(Evaluation((), scores, 1.0), "a [/b] set"), console)
    lines = text_of(console).splitlines()
    assert lines[0].strip() == "a [/b] set: 2 sentences"
    for name, value, interval, signature in scores.rows():
        row = next(line for line in lines if name in line)
        assert value in row
        assert interval in row
        assert signature in lines
    assert "tok:13a" in text_of(console)


def test_translations_are_shown_as_they_are(console: Console) -> None:
    pairs = [Pair("[b]bold[/b] [/x]", "ça [red]va"), Pair("", "vide"), Pair("word " * 30, "猫が食べる")]
    console.print(translations_table(pairs, ["[/i]", "", "le " * 40]))
    text = text_of(console)
    assert all(part in text for part in ("[b]bold[/b] [/x]", "ça [red]va", "[/i]", "vide", "猫が食べる"))
    assert text.count("word") == 30
    assert max(map(len, text.splitlines())) <= 80
