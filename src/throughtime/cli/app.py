"""The table of commands."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from cyclopts import App, CycloptsError, CycloptsPanel, UnknownCommandError

import throughtime
from throughtime.applications import APPLICATIONS, GROUPS

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
    "Anywhere, --debug shows the traceback of an error instead of its sentence, and --import MODULE imports "
    "a module first, for model files that name a cell of it.",
    version=throughtime.__version__,
    error_formatter=error_panel,
)
groups = {name: App(name=name, help=summary) for name, summary in GROUPS.items()}
for name, entry in APPLICATIONS.items():
    *group, command = name.split()
    parent = groups[group[0]] if group else app
    parent.command(f"throughtime.cli.verbs:{name}", name=command, help=entry.summary)
for group in groups.values():
    app.command(group)
groups["words"].command(
    "throughtime.cli.clean:clean",
    name="clean",
    help="Clean a text, a file, or standard input, and print its words.",
)
app.command(
    "throughtime.cli.info:info",
    name="info",
    help="Print versions, devices, threads, and which back-end runs which cell.",
)
app.command("throughtime.cli.runs:runs", name="runs", help="List training runs, and how to resume them.")
app.register_install_completion_command()
app.command("throughtime.cli.engine:app", name="engine", help="The compiler: a cell's equations as programs.")
