"""`throughtime runs`: what was trained, and how to resume it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from throughtime.application.runs import FoundRun


def runs(folder: Path = Path("runs"), *, json: bool = False) -> None:
    """List the runs in a folder: how far each came, its best score, and the command that resumes it.

    Parameters
    ----------
    folder
        Where the runs are; those in folders within it are listed too.
    json
        Print them as JSON instead of a table.
    """
    from throughtime.application.runs import runs_in

    found = runs_in(folder)
    if json:
        from dataclasses import asdict

        from throughtime.artefact.report import as_json

        print(as_json([asdict(run) for run in found]))
    elif not found:
        print(f"{folder} holds no run")
    else:
        _print(found)


def _print(found: Sequence[FoundRun]) -> None:
    from rich.console import Console
    from rich.table import Table

    from throughtime.console import say

    table = Table(box=None, pad_edge=False)
    table.add_column("run", overflow="fold")
    for heading in ("application", "state", "epochs", "trained", "best", "written"):
        table.add_column(heading, no_wrap=True)
    for run in found:
        table.add_row(*_row(run))
    console = Console()
    console.print(table)
    for run in found:
        if run.resume:
            say(console, run.resume)


def _row(run: FoundRun) -> list[str]:
    from throughtime.training.progress import in_words

    best = "" if run.best is None else f"{run.best_by} {run.best:.4g}"
    when = time.strftime("%d %b %H:%M", time.localtime(run.changed))
    if run.members is not None:
        progress = [f"{run.members} ended", ""]
    elif run.minutes:
        progress = [f"{run.epochs:.2f}", in_words(run.minutes)]
    else:
        progress = ["", ""]
    return [str(run.folder), run.application, run.standing, *progress, best, when]
