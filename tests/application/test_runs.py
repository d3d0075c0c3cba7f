"""Runs as their files describe them."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from throughtime.application import workflow
from throughtime.application.lock import held
from throughtime.application.runs import runs_in
from throughtime.applications import APPLICATIONS, Entry
from throughtime.errors import InputError
from throughtime.training.config import TrainingConfig
from toy_application import APPLICATION, ToyConfig, ToyTask


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(APPLICATIONS, "toy", Entry("A toy.", "toy_application:APPLICATION"))


def train(folder: Path, console: Console, epochs: float = 1.0) -> None:
    workflow.train(APPLICATION, ToyConfig(training=TrainingConfig(max_epochs=epochs)), folder, console)


def test_each_run_has_its_standing(tmp_path: Path, console: Console) -> None:
    for name in ("done", "deeper/cut"):
        train(tmp_path / name, console)
    (tmp_path / "deeper/cut/checkpoint.safetensors").write_bytes(b"cut")
    (tmp_path / "deeper/cut/report.json").unlink()
    found = {run.folder.name: run for run in runs_in(tmp_path)}
    assert {name: run.standing for name, run in found.items()} == {"done": "finished", "cut": "no checkpoint"}
    done = found["done"]
    assert (done.application, done.epochs, done.best_by, done.resume) == ("toy", 1.0, "loss", "")
    assert done.best is not None and done.members is None
    with held(tmp_path / "done"):
        assert {run.folder.name: run.standing for run in runs_in(tmp_path)}["done"] == "running"


def test_one_that_was_stopped_says_how_to_resume_it(
    tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = [0]

    def stop() -> None:
        taken[0] += 1
        if taken[0] == 6:  # of four in an epoch
            raise KeyboardInterrupt

    monkeypatch.setattr(ToyTask, "hook", staticmethod(stop))
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "r", console, epochs=3.0)
    (run,) = runs_in(tmp_path)
    assert (run.standing, run.resume) == ("stopped", f"throughtime toy resume {tmp_path / 'r'}")
    assert run.epochs == 1.0


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none is not a folder; name the one that holds the runs"):
        runs_in(tmp_path / "none")
