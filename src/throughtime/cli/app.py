"""The table of commands."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from cyclopts import App, CycloptsError, CycloptsPanel, UnknownCommandError

import throughtime

if TYPE_CHECKING:
    from rich.panel import Panel


def error_panel(error: CycloptsError) -> Panel:
    """An error as cyclopts shows it, but an unknown command without importing all that there are."""
    if isinstance(error, UnknownCommandError) and error.unused_tokens and error.app:
        from rich.text import Text

        names = [name for name in error.app if not name.startswith("-")]
        return CycloptsPanel(Text(_unknown(error.unused_tokens[0], names), style="default"))
    return CycloptsPanel(error)


def _unknown(command: str, names: list[str]) -> str:
    close = "".join(f' Did you mean "{name}"?' for name in get_close_matches(command, names, n=1))
    return f'Unknown command "{command}".{close} Available commands: {", ".join(names)}.'


app = App(
    name="throughtime",
    help="Recurrent neural networks: train them, translate with them, look into them.\n\n"
    "--debug anywhere shows the traceback of an error instead of its sentence.",
    version=throughtime.__version__,
    error_formatter=error_panel,
)
app.command(
    "throughtime.cli.info:info",
    name="info",
    help="Print versions, devices, threads, and which back-end runs which cell.",
)
app.command("throughtime.cli.seq2seq:app", name="seq2seq", help="Sequence to sequence: translation.")
app.command(
    "throughtime.cli.words:app", name="words", help="Words: cleaning, vectors, classification of texts."
)
app.command(
    "throughtime.cli.runs:runs", name="runs", help="List runs of training, and how to go on with them."
)
app.command("throughtime.cli.engine:app", name="engine", help="The compiler: a cell's equations as programs.")
