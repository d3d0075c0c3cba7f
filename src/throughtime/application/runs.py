"""The runs in a folder: how far each came, and how to resume it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from throughtime.application.folder import (
    CHECKPOINT,
    SETTINGS,
    application_of,
    member_folders,
    read_report,
    resume_command,
)
from throughtime.application.lock import is_held
from throughtime.errors import InputError
from throughtime.training.checkpoint import read_metadata
from throughtime.training.state import RunState

Standing = Literal["running", "finished", "stopped", "no checkpoint"]


@dataclass(frozen=True)
class FoundRun:
    """A run as its files describe it.

    members: of a run of several, how many have ended. changed: when it last wrote, in seconds since the
    epoch. resume: the command that resumes it; "" where it has ended or cannot be resumed.
    """

    folder: Path
    application: str
    standing: Standing
    epochs: float = 0.0
    minutes: float = 0.0
    best_by: str = ""
    best: float | None = None
    changed: float = 0.0
    members: int | None = None
    resume: str = ""


def runs_in(folder: Path) -> list[FoundRun]:
    """Return the runs in a folder and in those within it, the last changed first; members are not runs.

    Raises:
        InputError: the folder does not exist.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; name the one that holds the runs")
    return sorted(map(_look_at, _folders(folder)), key=lambda run: -run.changed)


def _folders(folder: Path) -> Iterator[Path]:
    if (folder / SETTINGS).exists():
        yield folder
        return
    for place in sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()):
        yield from _folders(place)


def _look_at(folder: Path) -> FoundRun:
    application = application_of(folder)
    run = FoundRun(folder, "" if application is None else application.name, _standing(folder))
    run = replace(run, changed=(folder / SETTINGS).stat().st_mtime)
    members = member_folders(folder)
    if members:
        ended = [place for place in members if read_report(place) is not None]
        run = replace(run, members=len(ended), changed=max(map(_changed, members)))
    else:
        run = _with_checkpoint(run)
    if run.standing != "stopped" or application is None:
        return run
    if application.trained_by_gradient and not members and not run.epochs:
        return replace(run, standing="no checkpoint")
    return replace(run, resume=resume_command(application, folder))


def _standing(folder: Path) -> Standing:
    if is_held(folder):
        return "running"
    return "finished" if read_report(folder) is not None else "stopped"


def _changed(folder: Path) -> float:
    return max(path.stat().st_mtime for path in folder.iterdir())


def _with_checkpoint(run: FoundRun) -> FoundRun:
    path = run.folder / CHECKPOINT
    try:
        metadata, changed = read_metadata(path), path.stat().st_mtime
        state = RunState.from_json(json.loads(metadata["state"]))
        best_by: str = json.loads(metadata["config"])["best_by"]
    except (InputError, OSError, KeyError, TypeError, ValueError):
        return run
    return replace(
        run, epochs=state.epochs, minutes=state.minutes, best_by=best_by, best=state.best, changed=changed
    )
