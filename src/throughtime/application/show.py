"""Evaluations on the screen."""

from __future__ import annotations

from rich.console import Console

from throughtime.application.application import Evaluation
from throughtime.console import say


def show_evaluation(evaluation: Evaluation, console: Console) -> None:
    """Print the parts of an evaluation, lines of text as they are."""
    for part in evaluation.show():
        if isinstance(part, str):
            say(console, part)
        else:
            console.print(part)
