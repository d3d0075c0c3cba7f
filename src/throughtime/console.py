"""Lines on the screen, as they are, and tables of figures."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def say(console: Console, text: str) -> None:
    """Print a line without colours, markup or line breaks of rich's own: names and commands can be copied."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def figures(title: str, headings: Sequence[str], rows: Mapping[str, Sequence[str]]) -> Table:
    """Return a table with a name and figures, which `headings` are of, in each row."""
    from rich.table import Table
    from rich.text import Text

    table = Table("", title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, justify="right")
    for name, cells in rows.items():
        table.add_row(Text(name), *cells)
    return table


def print_utf8() -> None:
    """Print text as UTF-8, as the text is read that it comes from."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
