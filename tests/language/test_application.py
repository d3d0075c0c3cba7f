"""Language models from the command line and from Python."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rich.console import Console

import throughtime
import throughtime.language.config as config_module
from sums import LINES, Train
from throughtime.application import workflow
from throughtime.artefact.file import load
from throughtime.cli.main import main
from throughtime.errors import InputError
from throughtime.language.config import Options, SampleConfig, TrainConfig
from throughtime.language.model_file import load_model
from throughtime.language.sample import continued


def test_a_run_reports_itself_beside_counting(train: Train, console: Console) -> None:
    result = train()
    assert isinstance(console.file, io.StringIO)
    printed = console.file.getvalue()
    assert "characters to learn from" in printed
    assert "counting, " in printed
    assert "of counting what follows" in printed  # a second of training does not beat it
    test = result.report["test"]
    assert test["characters"] == pytest.approx(len(LINES) / 10, abs=1)
    rows = {name: row for name, row in test.items() if name.startswith("counting")}
    assert all(row["nats_per_character"] > 0 for ways in rows.values() for row in ways.values())
    assert set().union(*rows.values()) == {"once", "dynamic"}
    once = test["model"]["once"]
    assert once["perplexity"] == pytest.approx(2 ** once["bits_per_character"])
    assert result.report["training"]["best_metrics"]["perplexity"] < 20


def test_a_stopped_run_ends_in_the_same_bits(
    train: Train, config: TrainConfig, tmp_path: Path, console: Console
) -> None:
    short = replace(config.training, max_epochs=2.0, schedule="constant", average_decay=0.9)
    train(training=short, name="whole")
    train(
        training=replace(short, max_epochs=0.6), name="parts"
    )  # in the middle of a text, its states carried
    workflow.resume(tmp_path / "parts", console, {"max_epochs": 2.0})
    whole, parts = (load(tmp_path / name / "last.safetensors").tensors for name in ("whole", "parts"))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


@pytest.mark.parametrize(("cell", "zoneout_memory"), [("gru", 0), ("elman", 0), ("slstm", 0), ("lstm", 0.2)])
def test_any_cell_with_all_regularisers(
    train: Train, config: TrainConfig, cell: str, zoneout_memory: float
) -> None:
    noise = {"variational_dropout": 0.1, "zoneout": 0.1, "weight_drop": 0.1, "zoneout_memory": zoneout_memory}
    recurrence = replace(config.recurrence, cell=cell, num_layers=2, **noise)
    result = train(recurrence=recurrence, training=replace(config.training, max_epochs=0.2), name=cell)
    assert result.model is not None
    loaded = load_model(result.model, Options(SampleConfig(length=5)))
    assert len(continued(loaded, ["1"])[0].text) <= 5


def test_what_cannot_be_built_is_refused_before_reading(train: Train, config: TrainConfig) -> None:
    with pytest.raises(InputError, match="there is no cell named 'lstn'"):
        train(recurrence=replace(config.recurrence, cell="lstn"))
    with pytest.raises(InputError, match="has no memory beside its output"):
        train(recurrence=replace(config.recurrence, cell="gru", zoneout_memory=0.5))


def test_the_same_seed_draws_the_same_text(model: Path) -> None:
    def drawn(**settings: float) -> str:
        options = Options(SampleConfig(length=40, **settings))  # type: ignore[arg-type]
        return continued(load_model(model, options), ["1 and"])[0].text

    assert drawn(seed=1) == drawn(seed=1)
    assert drawn(seed=1) != drawn(seed=2)
    assert drawn(top_k=1, seed=1) == drawn(top_k=1, seed=2)
    assert drawn(temperature=1e-3, seed=1) == drawn(top_k=1)
    assert set(drawn()) <= set(LINES)


def test_a_text_ends_where_its_document_does(train: Train, config: TrainConfig, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps({"text": "yes"}) + "\n" for _ in range(300)))
    text = replace(config.text, corpus=(str(rows),))
    result = train(text=text, training=replace(config.training, max_epochs=10.0), name="rows")
    assert result.model is not None
    answer = continued(load_model(result.model, Options()), ["", "ye"])
    assert [each.text for each in answer] == ["yes\n", "s\n"]
    assert answer[1].to_json() == {"prompt": "ye", "text": "s\n"}
    assert str(answer[1]) == "yes\n"


def test_commands(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def typed(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(["language", *arguments])
        assert not ended.value.code
        return capsys.readouterr().out

    assert typed("run", str(model), "--prompt", "1 and\n2", "--length", "5").startswith("1 and\n2")
    assert typed("run", str(model), "4", "--length", "5").startswith("4")
    page = tmp_path / "surprise.html"
    options = ("--window", "16", "--cache", "50", "--dynamic", "10", "--html", str(page))
    scores = json.loads(typed("evaluate", str(model), *options, "--json"))
    assert {*scores["model"]} == {"once", "window", "cache", "dynamic"}
    assert page.read_text().count("<span") > scores["units"]
    (tmp_path / "other.txt").write_text("1 and ü\n")
    table = typed("evaluate", str(model), "--corpus", str(tmp_path / "other.txt"))
    assert "8 characters" in table
    assert "1 characters are unknown to the model" in table


def test_a_model_away_from_its_run_counts_the_text_alone(model: Path, tmp_path: Path) -> None:
    away, other = tmp_path / "away.safetensors", tmp_path / "other.txt"
    away.write_bytes(model.read_bytes())
    other.write_text(LINES[:2000])
    loaded = throughtime.load(away)
    with pytest.raises(InputError, match="no text was held out for this model; name one with --corpus"):
        loaded.evaluate()
    scores = loaded.evaluate(corpus=(str(other),)).to_dict()
    (counting,) = (row for name, row in scores.items() if name.startswith("counting"))
    assert {*counting} == {"dynamic"}
    other.write_text("")
    with pytest.raises(InputError, match="the text is empty; expected at least one character"):
        loaded.evaluate(corpus=(str(other),))


def test_options_out_of_range_are_named() -> None:
    for make, words in (
        (lambda: SampleConfig(temperature=0), "temperature is 0; expected above 0"),
        (lambda: SampleConfig(length=0), "length is 0"),
        (lambda: config_module.TestConfig(cache_weight=1), "cache_weight is 1"),
        (lambda: config_module.TestConfig(dynamic=-1), "dynamic is -1"),
    ):
        with pytest.raises(InputError, match=words):
            make()
