"""`throughtime runs`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from throughtime.application.lock import held


def test_runs_are_listed_with_what_to_do(run: Callable[..., Any], trained: Path) -> None:
    told = run("runs", trained.parent)
    assert told.code == 0
    assert "finished" in told.out and trained.name in told.out
    assert "resume" not in told.out
    with held(trained):
        assert "running" in run("runs", trained.parent).out


def test_runs_are_printed_as_json(run: Callable[..., Any], trained: Path) -> None:
    (listed,) = json.loads(run("runs", trained, "--json").out)
    assert (listed["application"], listed["standing"]) == ("seq2seq", "finished")
    assert listed["epochs"] > 0 and listed["folder"] == str(trained)


def test_no_runs(run: Callable[..., Any], refused: Callable[..., str], tmp_path: Path) -> None:
    assert run("runs", tmp_path).out == f"{tmp_path} holds no run\n"
    assert refused("runs", "none") == "none is not a folder; name the one that holds the runs"
