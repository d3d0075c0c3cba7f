"""The one workflow, by an application that trains in milliseconds."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from letter_runs import printed
from throughtime.application import workflow
from throughtime.application.folder import read_report
from throughtime.application.runs import runs_in
from throughtime.applications import APPLICATIONS, Entry
from throughtime.artefact.file import load
from throughtime.errors import InputError
from throughtime.training.config import TrainingConfig
from toy_application import APPLICATION, PointsConfig, ToyConfig, ToyTask

RUN = Path("run")


@pytest.fixture(autouse=True)
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty folder, a Ctrl-C that works, and the toy among the applications."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(APPLICATIONS, "toy", Entry("A toy.", "toy_application:APPLICATION"))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def config(*slopes: float, **training: Any) -> ToyConfig:
    budget = {"max_epochs": 3, **training}
    return ToyConfig(PointsConfig(slopes or (1.0,)), TrainingConfig(**budget))


def interrupt_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Press Ctrl-C while this batch, counted over all members, is trained on."""
    taken = [0]

    def press() -> None:
        taken[0] += 1
        if taken[0] == step:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(ToyTask, "hook", staticmethod(press))


def tensors(path: Path) -> dict[str, list[float]]:
    return {name: value.flatten().tolist() for name, value in load(path).tensors.items()}


def test_a_run_leaves_the_files_of_every_run(console: Console) -> None:
    result = workflow.train(APPLICATION, config(), RUN, console)
    assert {path.name for path in RUN.iterdir()} == {
        *("settings.json", "report.json", "metrics.jsonl", "best.safetensors", "last.safetensors"),
        *("checkpoint.safetensors", "curves.png", "data", "run.lock"),
    }
    assert (result.model, result.interrupted) == (RUN / "best.safetensors", False)
    report = json.loads((RUN / "report.json").read_text())
    assert report["application"] == "toy" and report["settings"]["points"]["slopes"] == [1.0]
    assert report["training"]["epochs"] == 3 and report["test"] == {"score": 1.0, "best": ""}
    lines = printed(console).splitlines()
    assert lines[:3] == [
        "slopes [1.0]",
        "one line",
        "memory: about 1 MiB of 1.0 GiB free: points 1 MiB",
    ]
    assert lines[-2:] == [
        "The model is run/best.safetensors, the report run/report.json. Next:",
        "  throughtime toy run run/best.safetensors",
    ]


def test_what_does_not_fit_into_memory_is_refused(console: Console) -> None:
    small = replace(config(), points=PointsConfig(free=1000))
    with pytest.raises(InputError, match=r"points 1 MiB; fewer points need less$"):
        workflow.train(APPLICATION, small, RUN, console)
    assert not (RUN / "settings.json").exists()


@pytest.mark.parametrize("step", [1, 6, 12])
def test_an_interrupted_run_ends_in_the_same_bits(
    step: int, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow.train(APPLICATION, config(), Path("whole"), console)
    interrupt_at(step, monkeypatch)
    assert workflow.train(APPLICATION, config(), RUN, console).interrupted
    assert read_report(RUN) is None
    assert "To go on: throughtime toy resume run" in printed(console)
    (stopped,) = (run for run in runs_in(Path()) if run.folder == RUN)
    assert (stopped.standing, stopped.resume) == ("stopped", "throughtime toy resume run")
    assert not workflow.resume(RUN, console).interrupted
    for name in ("best.safetensors", "last.safetensors"):
        assert tensors(RUN / name) == tensors(Path("whole") / name)


def test_members_are_runs_in_the_folder_of_the_run(console: Console) -> None:
    result = workflow.train(APPLICATION, config(1.0, 2.0), RUN, console)
    assert result.model == RUN / "slope-2" / "best.safetensors"
    report = json.loads((RUN / "report.json").read_text())
    assert list(report["members"]) == ["slope-1", "slope-2"] and report["score"] == 2
    settings = json.loads((RUN / "slope-2" / "settings.json").read_text())
    assert settings["application"] == "toy" and settings["points"]["slopes"] == [2.0]
    told = printed(console)
    assert "1 of 2: slope-1" in told and told.count("score") == 1  # the members' own tests are not printed
    (run,) = runs_in(Path())
    assert (run.standing, run.members) == ("finished", 2)


def test_interrupted_members_are_resumed_and_the_others_left_alone(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow.train(APPLICATION, config(1.0, 2.0, 3.0), Path("whole"), console)
    interrupt_at(16, monkeypatch)  # of 12 a member
    assert workflow.train(APPLICATION, config(1.0, 2.0, 3.0), RUN, console).interrupted
    first = (RUN / "slope-1" / "best.safetensors").stat().st_mtime_ns
    assert not (RUN / "slope-3").exists()
    (stopped,) = (run for run in runs_in(Path()) if run.folder == RUN)
    assert (stopped.standing, stopped.members) == ("stopped", 1)
    workflow.resume(RUN, console)
    assert (RUN / "slope-1" / "best.safetensors").stat().st_mtime_ns == first
    for name in ("slope-1", "slope-2", "slope-3"):
        assert tensors(RUN / name / "best.safetensors") == tensors(Path("whole") / name / "best.safetensors")


def test_a_larger_budget_resumes_only_members_that_have_not_learned(console: Console) -> None:
    short = config(1.0, 2.0, max_minutes=1e-9)
    workflow.train(APPLICATION, short, RUN, console)
    assert "Training is not done: slope-1, the model has not learned" in printed(console)
    workflow.resume(RUN, console, {"max_minutes": 5.0})
    report = json.loads((RUN / "report.json").read_text())
    assert [member["epochs"] for member in report["members"].values()] == [3, 3]
    assert report["settings"]["training"]["max_minutes"] == 5.0
    before = (RUN / "slope-1" / "last.safetensors").stat().st_mtime_ns
    workflow.resume(RUN, console, {"max_epochs": 9.0})
    assert (RUN / "slope-1" / "last.safetensors").stat().st_mtime_ns == before


def test_overwriting_removes_all_members_and_nothing_else(console: Console) -> None:
    workflow.train(APPLICATION, config(1.0, 2.0), RUN, console)
    (RUN / "slope-2" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="holds a run already"):
        workflow.train(APPLICATION, config(), RUN, console)
    workflow.train(APPLICATION, config(), RUN, console, overwrite=True)
    assert not (RUN / "slope-1").exists()
    assert [path.name for path in (RUN / "slope-2").iterdir()] == ["mine.txt"]
    assert (RUN / "best.safetensors").exists()


def test_data_that_cannot_be_used_leaves_an_earlier_run(console: Console) -> None:
    workflow.train(APPLICATION, config(), RUN, console)
    before = tensors(RUN / "best.safetensors")
    with pytest.raises(InputError, match="a slope is below 0"):
        workflow.train(APPLICATION, config(-1.0), RUN, console, overwrite=True)
    assert tensors(RUN / "best.safetensors") == before


def test_a_run_of_another_application_is_not_resumed(console: Console) -> None:
    workflow.train(APPLICATION, config(), RUN, console)
    with pytest.raises(InputError) as caught:
        workflow.resume(RUN, console, expected=replace(APPLICATION, name="other"))
    assert str(caught.value) == "run holds another kind of run; use `throughtime toy resume run`"


def test_a_member_with_a_larger_budget_that_is_stopped_is_resumed_again(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow.train(APPLICATION, config(1.0, 2.0, max_minutes=1e-9), RUN, console)
    interrupt_at(4, monkeypatch)
    assert workflow.resume(RUN, console, {"max_minutes": 5.0}).interrupted
    assert read_report(RUN / "slope-1") is None and read_report(RUN) is None
    assert not workflow.resume(RUN, console).interrupted
    report = json.loads((RUN / "report.json").read_text())
    assert [member["epochs"] for member in report["members"].values()] == [3, 3]
