"""What a run shows while it trains: a live bar on a terminal, plain lines now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from throughtime.console import say

_PLAIN_SECONDS = 30.0


class Glance(NamedTuple):
    """What is worth knowing at any moment."""

    epoch: float
    progress: float  # part of the budget used up, 0 to 1
    loss: float
    speed: str  # "4,210 words/s"
    left: str  # time left
    best: str  # "bleu 31.2", or "" before the first validation


class Display(Protocol):
    """Where a run speaks."""

    def show(self, now: Glance) -> None:
        """Show a moment; called after every step."""
        ...

    def line(self, text: str) -> None:
        """Write a line that stays."""
        ...

    def close(self) -> None:
        """Take away what does not stay."""
        ...


def make_display(console: Console, clock: Callable[[], float] = time.monotonic) -> Display:
    """Return the bar on a terminal, plain lines elsewhere."""
    return BarDisplay(console) if console.is_terminal else PlainDisplay(console, clock)


class PlainDisplay:
    """Lines of plain text, with no control characters: one a validation, and one after 30 silent seconds."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._spoke = clock()

    def show(self, now: Glance) -> None:
        """Write the moment when nothing was written for 30 seconds."""
        if self._clock() - self._spoke >= _PLAIN_SECONDS:
            self.line("  ".join(part for part in (_epoch(now), *_figures(now)) if part))

    def line(self, text: str) -> None:
        """Write a line."""
        say(self._console, text)
        self._spoke = self._clock()

    def close(self) -> None:
        """Nothing to take away."""


class BarDisplay:
    """A live bar with epoch, loss, speed, time left and best metric."""

    def __init__(self, console: Console) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[figures]}", markup=False),
        )
        self._bar = Progress(*columns, console=console, transient=True)
        self._task = self._bar.add_task("starting", total=1.0, figures="")
        self._bar.start()

    def show(self, now: Glance) -> None:
        """Move the bar."""
        figures = "  ".join(part for part in _figures(now) if part)
        self._bar.update(self._task, completed=now.progress, description=_epoch(now), figures=figures)

    def line(self, text: str) -> None:
        """Write a line above the bar."""
        say(self._bar.console, text)

    def close(self) -> None:
        """Take the bar away."""
        self._bar.stop()


def _epoch(now: Glance) -> str:
    return f"epoch {now.epoch:.2f}"


def _figures(now: Glance) -> tuple[str, ...]:
    best = f"best {now.best}" if now.best else ""
    return (
        f"loss {now.loss:.3f}",
        now.speed,
        now.left and f"{now.left} left",
        best,
    )


def in_words(minutes: float) -> str:
    """Return a duration as "42s", "6m12s" or "1h05m"."""
    seconds = round(max(minutes, 0.0) * 60)
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m{seconds % 60:02d}s"
    return f"{seconds // 3600}h{seconds % 3600 // 60:02d}m"
