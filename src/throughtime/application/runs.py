"""The runs in a folder: how far each has come, and how to resume it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from throughtime.application.lock import is_held
from throughtime.errors import InputError
from throughtime.training.checkpoint import read_metadata
from throughtime.training.state import RunState

Standing = Literal["running", "finished", "stopped", "no checkpoint"]


@dataclass(frozen=True)
class FoundRun:
    """A run as its files describe it."""

    folder: Path
    standing: Standing
    epochs: float = 0.0
    minutes: float = 0.0
    best_by: str = ""
    best: float | None = None
    changed: float = 0.0  # seconds since the epoch, of the checkpoint
    resume: str = ""  # the command that resumes it; empty unless it is stopped


def runs_in(folder: Path) -> list[FoundRun]:
    """Return the runs in a folder and its subfolders, the last changed first.

    Raises:
        InputError: the folder does not exist.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; expected the one that holds the runs")
    return sorted(map(_look_at, _folders(folder)), key=lambda run: -run.changed)


def _folders(folder: Path) -> Iterator[Path]:
    return (path.parent for path in folder.rglob("metrics.jsonl"))


def _look_at(folder: Path) -> FoundRun:
    running, path = is_held(folder), folder / "checkpoint.safetensors"
    try:
        metadata, changed = read_metadata(path), path.stat().st_mtime
        state = RunState.from_json(json.loads(metadata["state"]))
        best_by: str = json.loads(metadata["config"])["best_by"]
    except (InputError, OSError, KeyError, TypeError, ValueError):
        return FoundRun(folder, "running" if running else "no checkpoint")
    standing: Standing = "running" if running else "finished" if state.finished else "stopped"
    hint = metadata.get("hint", "") if standing == "stopped" else ""
    return FoundRun(folder, standing, state.epochs, state.minutes, best_by, state.best, changed, resume=hint)
