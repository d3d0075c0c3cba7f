"""Lines on the screen, as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def say(console: Console, text: str) -> None:
    """Print a line without colours, markup or line breaks of rich's own: names and commands can be copied."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)
