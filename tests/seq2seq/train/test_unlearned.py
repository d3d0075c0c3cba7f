"""A run that ended before it learned says so, and how to continue it."""

from __future__ import annotations

import json
import shlex

import pytest
from rich.console import Console

from letter_runs import FOLDER, MakeConfig, printed, read_settings, train_run
from throughtime.cli.main import main

ONE_STEP = 1e-9
"""Minutes that are used up by the first step."""


def test_a_run_that_time_ended_offers_resume_and_no_model(
    make_config: MakeConfig, console: Console, capsys: pytest.CaptureFixture[str]
) -> None:
    train_run(make_config(max_epochs=0.3, max_minutes=ONE_STEP), FOLDER, False, console)
    text = printed(console)
    against = "the model has not learned"
    (ended,) = [line for line in text.splitlines() if line.startswith("training ended after 0.")]
    assert f" because the time was used up; {against}" in ended
    assert ": it has seen 0." in ended
    *_, offer, command = text.splitlines()
    assert offer.startswith(f"Training is not done: {against}")
    assert offer.endswith(". The report is run/report.json. Next:")
    assert command.startswith("  throughtime seq2seq resume run --max-minutes ")
    assert "seq2seq run" not in text

    training = json.loads((FOLDER / "report.json").read_text())["training"]
    assert training["stopped"] == "minutes"
    assert training["shortfall"] in ended
    assert training["larger_budget"] in command

    with pytest.raises(SystemExit) as left:
        main(shlex.split(command)[1:])
    assert left.value.code in (None, 0)
    shown = capsys.readouterr().out
    assert ", with max_minutes 1.0 (was 1e-09)" in shown
    assert read_settings(FOLDER / "settings.json").training.max_minutes == 1.0
    assert json.loads((FOLDER / "report.json").read_text())["training"]["epochs"] == pytest.approx(
        0.3, abs=0.1
    )


def test_a_run_at_its_floor_is_offered_more_epochs(make_config: MakeConfig, console: Console) -> None:
    config = make_config(dict(test_size=0), max_epochs=0.1, learning_rate=1e-9)
    train_run(config, FOLDER, False, console)
    *_, offer, command = printed(console).splitlines()
    assert "the model has not learned: loss 2." in offer
    assert " of a model that knows only how frequent each word is. The report is " in offer
    assert command == "  throughtime seq2seq resume run --max-epochs 0.4"


def test_resume_refuses_a_budget_out_of_range(make_config: MakeConfig, console: Console) -> None:
    train_run(make_config(max_epochs=0.1), FOLDER, False, console)
    before = (FOLDER / "settings.json").read_bytes()
    with pytest.raises(SystemExit) as left:
        main(["seq2seq", "resume", "run", "--max-minutes", "-1"])
    assert left.value.code == 1
    assert (FOLDER / "settings.json").read_bytes() == before
