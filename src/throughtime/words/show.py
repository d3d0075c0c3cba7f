"""What cleaning does, on the screen."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from throughtime.text.cleaning import Cleaner, CleaningStep


def steps_table(cleaner: Cleaner, text: str) -> Table:
    """A row for each step: what it made of the text, and what it dropped or changed."""
    table = Table(title="Step by step", title_justify="left", show_lines=True)
    for heading in ("step", "result", "dropped or changed"):
        table.add_column(heading)
    table.add_row("as given", Text(text), "")
    for step in cleaner.steps(text):
        table.add_row(step.name, Text(_shown(step.result)), Text(_difference(step)))
    return table


def _shown(result: str | list[str]) -> str:
    return result if isinstance(result, str) else " | ".join(result)


def _difference(step: CleaningStep) -> str:
    if isinstance(step.result, str):
        return "changed" if step.changed else ""
    dropped = " ".join(step.dropped)
    changed = ", ".join(f"{before} to {after}" for before, after in step.changed)
    return dropped or changed
