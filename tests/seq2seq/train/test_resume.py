"""A run that was stopped, and goes on."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from letter_runs import FOLDER, MakeConfig, names, printed, read_settings, resume_run, train_run
from throughtime.artefact.file import load
from throughtime.cli.main import main
from throughtime.errors import InputError
from throughtime.seq2seq.task import TranslationTask
from throughtime.training.task import Loss
from user_modules import MY_MODULE, WriteModule


def interrupt_after(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the step after `steps` others is taken."""
    taken, loss = [0], TranslationTask.loss

    def interrupted(self: TranslationTask, module: torch.nn.Module, batch: Any) -> Loss:
        taken[0] += 1
        if taken[0] == steps + 1:
            os.kill(os.getpid(), signal.SIGINT)
        return loss(self, module, batch)

    monkeypatch.setattr(TranslationTask, "loss", interrupted)


def test_there_may_be_nothing_to_resume(console: Console) -> None:
    with pytest.raises(InputError, match=r"^run holds no run: there is no settings\.json in it$"):
        resume_run(FOLDER, console)


def test_a_run_without_a_checkpoint_cannot_go_on(make_config: MakeConfig, console: Console) -> None:
    train_run(make_config(max_epochs=0.2), FOLDER, False, console)
    (FOLDER / "checkpoint.safetensors").unlink()
    with pytest.raises(InputError) as caught:
        resume_run(FOLDER, console)
    assert str(caught.value) == (
        "run holds a run that ended before its first checkpoint; train --overwrite begins anew"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        "{}",
        '{"data": [], "model": {}, "training": {}}',
        '{"data": {"colour": 1}}',
        "\udcff",
    ],
)
def test_settings_that_are_none(text: str) -> None:
    path = Path("settings.json")
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=r"^settings\.json is not the settings of a run: .+$"):
        read_settings(path)


def test_a_run_with_a_users_cell_goes_on(
    make_config: MakeConfig, console: Console, user_module: WriteModule
) -> None:
    module = user_module(f"import torch\n{MY_MODULE}\nLIMIT = torch.ones(())\n")
    train_run(make_config(model=dict(cell="my_module:MyCell"), max_epochs=0.2), FOLDER, False, console)
    del sys.modules["my_module"]
    resume_run(FOLDER, console, {"max_epochs": 0.4})
    assert load(FOLDER / "last.safetensors").config["model"]["cell"] == "my_module:MyCell"
    assert sys.modules["my_module"].LIMIT.device.type == "cpu"  # it is imported before memory is estimated
    del sys.modules["my_module"]
    module.unlink()
    with pytest.raises(InputError, match=r"^there is no module my_module in "):
        resume_run(FOLDER, console)


@pytest.mark.parametrize("steps", [0, 3, 12])
def test_a_run_that_was_stopped_ends_as_one_that_was_not(
    make_config: MakeConfig, console: Console, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    config = make_config(dict(test_size=0), max_epochs=2, validate_every=0.4, warmup_steps=4)
    train_run(config, Path("whole"), False, console)
    with monkeypatch.context() as patch:
        interrupt_after(steps, patch)
        train_run(config, FOLDER, False, console)
    assert names() >= {"last.safetensors", "checkpoint.safetensors", "settings.json"}
    assert "report.json" not in names()
    assert printed(console).splitlines()[-1] == (
        f"Stopped at step {steps + 1}; run/last.safetensors and checkpoint.safetensors are saved. "
        "To go on: throughtime seq2seq resume run"
    )
    resume_run(FOLDER, console)
    assert f", step {steps + 1}\n" in printed(console).split("resumed at epoch ")[1]
    for name in ("best.safetensors", "last.safetensors"):
        whole, parted = load(Path("whole") / name), load(FOLDER / name)
        assert whole.config == parted.config
        assert all(torch.equal(value, parted.tensors[key]) for key, value in whole.tensors.items())
    reports = [
        json.loads((folder / "report.json").read_text())["training"] for folder in (Path("whole"), FOLDER)
    ]
    for key in ("step", "epochs", "best_step", "best_metrics", "stopped"):
        assert reports[0][key] == reports[1][key]


def test_the_printed_command_resumes(
    make_config: MakeConfig,
    console: Console,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with monkeypatch.context() as patch:
        interrupt_after(2, patch)
        train_run(make_config(max_epochs=0.5), Path("my run"), False, console)
    command = printed(console).strip().split("To go on: ")[1]
    program, *arguments = shlex.split(command)
    assert (program, arguments) == ("throughtime", ["seq2seq", "resume", "my run"])
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code in (None, 0)
    assert (Path("my run") / "report.json").exists()
    assert "resumed at epoch" in capsys.readouterr().out


def test_a_finished_run_resumed_tells_its_end_again(make_config: MakeConfig, console: Console) -> None:
    train_run(make_config(max_epochs=0.3), FOLDER, False, console)
    before = (FOLDER / "best.safetensors").read_bytes()
    report = json.loads((FOLDER / "report.json").read_text())
    resume_run(FOLDER, console)
    assert (FOLDER / "best.safetensors").read_bytes() == before
    again = json.loads((FOLDER / "report.json").read_text())
    assert again["test"]["bleu"] == report["test"]["bleu"]
    assert again["training"]["step"] == report["training"]["step"]


def test_another_corpus_is_noticed(make_config: MakeConfig, console: Console) -> None:
    train_run(make_config(max_epochs=0.3), FOLDER, False, console)
    text = Path("c.tsv").read_text()
    Path("c.tsv").write_text(text.replace("h", "x"))
    resume_run(FOLDER, console)  # on the corpus that it began with
    shutil.rmtree(FOLDER / "data")
    with pytest.raises(InputError) as caught:
        resume_run(FOLDER, console)
    assert str(caught.value) == (
        "the corpus has changed since the run in run began: it gives another vocabulary"
    )


def change_setting(part: str, name: str, value: object) -> None:
    path = FOLDER / "settings.json"
    settings = json.loads(path.read_text())
    settings[part][name] = value
    path.write_text(json.dumps(settings))


def test_other_settings_of_the_network_are_refused(make_config: MakeConfig, console: Console) -> None:
    train_run(make_config(max_epochs=0.3), FOLDER, False, console)
    change_setting("model", "dropout", 0.7)
    with pytest.raises(InputError) as caught:
        resume_run(FOLDER, console)
    assert str(caught.value) == (
        "run/settings.json is not of the run in run: dropout 0.7 (was 0.1); restore what it was and resume"
    )


def test_other_settings_of_data_and_training_are_told(make_config: MakeConfig, console: Console) -> None:
    train_run(make_config(max_epochs=1), FOLDER, False, console)
    change_setting("data", "tokens_per_batch", 140)
    change_setting("training", "learning_rate", 0.01)
    resume_run(FOLDER, console)
    assert "resuming with tokens_per_batch 140 (was 150)\n" in printed(console)
    assert ", with learning_rate 0.01 (was 0.02)\n" in printed(console)


@pytest.mark.parametrize("name", ["checkpoint.safetensors", "last.safetensors"])
def test_damaged_files_are_refused(make_config: MakeConfig, console: Console, name: str) -> None:
    train_run(make_config(max_epochs=0.3), FOLDER, False, console)
    data = bytearray((FOLDER / name).read_bytes())
    data[-1] ^= 16
    (FOLDER / name).write_bytes(data)
    with pytest.raises(InputError) as caught:
        resume_run(FOLDER, console)
    assert str(caught.value) == (
        f"run/{name} is damaged: its content does not match the digest stored with it; "
        "restore it from a copy or train again"
    )
