"""Runs as their files tell of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from regression import fit
from throughtime.application.lock import held
from throughtime.application.runs import runs_in
from throughtime.errors import InputError
from throughtime.training.config import TrainingConfig


def test_each_run_has_its_standing(make_task: Any, tmp_path: Path, console: Console) -> None:
    for name in ("done", "deeper/cut"):
        fit(make_task(), TrainingConfig(max_epochs=1), tmp_path / name, console=console)
    (tmp_path / "deeper/cut/checkpoint.safetensors").write_bytes(b"cut")
    found = {run.folder.name: run for run in runs_in(tmp_path)}
    assert {name: run.standing for name, run in found.items()} == {"done": "finished", "cut": "no checkpoint"}
    done = found["done"]
    assert (done.epochs, done.best_by, done.resume) == (1.0, "loss", "") and done.best is not None
    with held(tmp_path / "done"):
        assert {run.folder.name: run.standing for run in runs_in(tmp_path)}["done"] == "running"


def test_one_that_was_stopped_says_how_to_go_on(make_task: Any, tmp_path: Path, console: Console) -> None:
    task = make_task()
    task.before_loss = lambda: (_ for _ in ()).throw(KeyboardInterrupt) if task.validations else None
    with pytest.raises(KeyboardInterrupt):
        fit(task, TrainingConfig(max_epochs=3), tmp_path / "r", resume_hint="go on", console=console)
    (run,) = runs_in(tmp_path)
    assert (run.standing, run.resume, run.epochs) == ("stopped", "go on", 1.0)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none is no folder; expected the one that holds the runs"):
        runs_in(tmp_path / "none")
