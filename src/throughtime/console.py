"""Lines on the screen, as they are."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def say(console: Console, text: str) -> None:
    """Print a line without colours, markup or line breaks of rich's own: names and commands can be copied."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def print_utf8() -> None:
    """Print text as UTF-8, as the text is read that it comes from."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
