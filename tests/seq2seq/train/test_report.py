"""A run from the corpus to its report, and what it says on its way."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from rich.console import Console

from letter_runs import FOLDER, KEPT, MakeConfig, names, printed, read_settings, train_run
from throughtime.artefact.file import load
from throughtime.cli.main import main
from throughtime.files.pairs import Pair, read_pairs
from throughtime.seq2seq.model_file import load_model
from user_modules import WriteModule


def test_a_run_from_corpus_to_report(
    make_config: MakeConfig, console: Console, capsys: pytest.CaptureFixture[str]
) -> None:
    config = make_config()
    train_run(config, FOLDER, False, console)
    assert names() == KEPT | {"data", "report.json", "test.tsv", "curves.png"}
    assert read_settings(FOLDER / "settings.json") == config

    report = json.loads((FOLDER / "report.json").read_text())
    assert report["settings"] == json.loads(json.dumps(asdict(config)))
    assert (report["training"]["stopped"], report["training"]["epochs"]) == ("epochs", 2)
    assert report["training"]["model"] == "run/best.safetensors"
    assert report["test"]["sentences"] == 12
    assert 0 < report["test"]["chrf"]["value"] <= 100

    events = [json.loads(line) for line in (FOLDER / "metrics.jsonl").read_text().splitlines()]
    validations = [event for event in events if event["event"] == "validation"]
    assert [event["epoch"] for event in validations] == [1, 2]
    best = min(validations, key=lambda event: event["loss"])
    assert report["training"]["best_step"] == best["step"]
    assert report["training"]["best_metrics"] == {key: best[key] for key in ("loss", "perplexity", "bleu")}
    assert validations[-1]["loss"] < validations[0]["loss"]

    held_out = list(read_pairs(["run/test.tsv"]))
    assert len(held_out) == 12
    assert all(pair.tgt == pair.src[::-1] for pair in held_out)

    text = printed(console)
    assert "corpus: " in text
    assert "model: " in text
    assert "Test: 12 sentences" in text
    assert "training ended after 2.0 epochs" in text
    commands = [line.strip() for line in text.split("Next:")[1].splitlines() if line.strip()]
    assert commands == [
        'throughtime seq2seq run run/best.safetensors "How are you?"',
        "throughtime seq2seq evaluate run/best.safetensors --corpus run/test.tsv",
    ]
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "throughtime"
        with pytest.raises(SystemExit) as left:
            main([*arguments, *(["--report", "again.json"] if "evaluate" in arguments else [])])
        assert left.value.code in (None, 0)
    assert capsys.readouterr().out.count("\n") > 5
    again = json.loads(Path("again.json").read_text())
    assert again["bleu"] == report["test"]["bleu"]
    assert again["chrf"] == report["test"]["chrf"]


def test_the_next_commands_import_a_users_cell(
    make_config: MakeConfig, console: Console, user_module: WriteModule
) -> None:
    user_module()
    train_run(make_config(model=dict(cell="my_module:MyCell")), FOLDER, False, console)
    commands = [line.strip() for line in printed(console).split("Next:")[1].splitlines() if line.strip()]
    assert commands == [
        'throughtime seq2seq run run/best.safetensors "How are you?" --import my_module',
        "throughtime seq2seq evaluate run/best.safetensors --corpus run/test.tsv --import my_module",
    ]


def test_model_file_tells_how_it_was_trained(make_config: MakeConfig, console: Console) -> None:
    config = make_config(max_epochs=0.3)
    train_run(config, FOLDER, False, console)
    trained = load_model(FOLDER / "best.safetensors")
    assert trained.model.config == config.model
    assert trained.training["data"]["corpus"] == ["c.tsv"]
    assert trained.training["training"]["learning_rate"] == 0.02


def test_a_run_is_repeated_by_its_seed(make_config: MakeConfig, console: Console) -> None:
    for folder, seed in (("one", 1), ("two", 1), ("three", 2)):
        train_run(make_config(dict(test_size=0), max_epochs=0.5, seed=seed), Path(folder), False, console)
    one, two, three = (load(Path(folder) / "last.safetensors").tensors for folder in ("one", "two", "three"))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not torch.equal(one["output.bias"], three["output.bias"])


def test_without_a_test_set_nothing_is_said_of_one(make_config: MakeConfig, console: Console) -> None:
    train_run(make_config(dict(test_size=0), max_epochs=2), FOLDER, False, console)
    assert names() == KEPT | {"data", "report.json", "curves.png"}
    assert "test" not in json.loads((FOLDER / "report.json").read_text())
    assert "evaluate" not in printed(console)
    assert printed(console).endswith('Next:\n  throughtime seq2seq run run/best.safetensors "How are you?"\n')


def test_next_commands_fit_the_folder(make_config: MakeConfig, console: Console) -> None:
    folder = Path("a run [/b] 'x'")
    train_run(make_config(max_epochs=2), folder, False, console)
    *_, run, evaluate = printed(console).splitlines()
    model, test = str(folder / "best.safetensors"), str(folder / "test.tsv")
    assert shlex.split(run) == ["throughtime", "seq2seq", "run", model, "How are you?"]
    assert shlex.split(evaluate) == ["throughtime", "seq2seq", "evaluate", model, "--corpus", test]


def test_sentences_that_look_like_markup_are_shown_as_they_are(
    make_config: MakeConfig, console: Console
) -> None:
    Path("t.tsv").write_text("a [/b] c\tc [bold] a\n[red]d e\t[link=x]e d\na b\tb a\n")
    train_run(make_config(dict(test=("t.tsv",), test_size=0), max_epochs=0.2), FOLDER, False, console)
    text = printed(console)
    assert all(part in text for part in ("a [/b] c", "c [bold] a", "[red]d e", "[link=x]e d"))


def test_pairs_left_out_for_their_tokens_are_told(make_config: MakeConfig, console: Console) -> None:
    config = make_config(dict(max_words=5), max_epochs=0.2)
    with Path("c.tsv").open("a") as file:
        file.writelines(f"{'a,' * length}\t{'b,' * length}\n" for length in range(20, 60))
    train_run(config, FOLDER, False, console)
    found = re.search(r"training on (\d+) pairs \((\d+) left out as too long in tokens\)", printed(console))
    assert found is not None
    assert int(found[1]) + int(found[2]) == 236 + 40 - 20 - 12
    assert 30 <= int(found[2]) <= 40


def test_every_plain_line_stays_whole(make_config: MakeConfig, console: Console) -> None:
    """Commands and paths are to be copied; a console of 80 columns must not break them."""
    folder = Path("f" * 60) / ("g" * 60)
    train_run(make_config(dict(test_size=0), max_epochs=2), folder, False, console)
    lines = printed(console).splitlines()
    assert f"The model is {folder}/best.safetensors, the report {folder}/report.json. Next:" in lines
    assert f'  throughtime seq2seq run {folder}/best.safetensors "How are you?"' in lines


def test_separate_vocabularies_with_two_files(make_config: MakeConfig, console: Console) -> None:
    config = make_config(
        dict(corpus=("c.src", "c.tgt"), joint=False, tgt_vocab_size=12),
        dict(tie_embeddings="output", cell="gru"),
        max_epochs=0.3,
    )
    pairs = [Pair(*line.split("\t")) for line in Path("c.tsv").read_text().splitlines()]
    Path("c.src").write_text("".join(f"{pair.src}\n" for pair in pairs))
    Path("c.tgt").write_text("".join(f"{pair.tgt}\n" for pair in pairs))
    train_run(config, FOLDER, False, console)
    tokenizers = load_model(FOLDER / "best.safetensors").tokenizers
    assert tokenizers.src is not tokenizers.tgt
    assert "vocabularies 12 and 12\n" in printed(console)
