"""`throughtime runs`: what was trained, and how to go on with it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from throughtime.application.runs import FoundRun


def runs(folder: Path = Path("runs")) -> None:
    """List the runs in a folder: how far each came, its best score, and the command that goes on.

    Parameters
    ----------
    folder
        Where the runs are; those in folders within it are listed too.
    """
    from rich.console import Console
    from rich.table import Table

    from throughtime.application.runs import runs_in
    from throughtime.console import say

    found = runs_in(folder)
    if not found:
        print(f"{folder} holds no run")
        return
    table = Table()
    table.add_column("run", overflow="fold")
    for heading in ("state", "epochs", "trained", "best", "last checkpoint"):
        table.add_column(heading)
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
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.changed)) if run.changed else ""
    return [
        str(run.folder),
        run.standing,
        f"{run.epochs:.2f}",
        in_words(run.minutes),
        best,
        when,
    ]
