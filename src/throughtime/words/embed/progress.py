"""Progress of the training of word vectors: a live line on a terminal, regular plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console

from throughtime.console import say
from throughtime.words.embed.corpus import Moment, Watch

_PLAIN_SECONDS = 30.0


@contextmanager
def shown(console: Console, clock: Callable[[], float] = time.monotonic) -> Generator[Watch]:
    """Yield a function that shows moments."""
    if console.is_terminal:
        with console.status("starting") as status:
            yield lambda now: status.update(described(now))
    else:
        yield _Plainly(console, clock).show


class _Plainly:
    """Prints a line for each activity that begins, and after 30 silent seconds."""

    def __init__(self, console: Console, clock: Callable[[], float]) -> None:
        self._console, self._clock = console, clock
        self._doing, self._spoke = "", clock()

    def show(self, now: Moment) -> None:
        if now.doing != self._doing or self._clock() - self._spoke >= _PLAIN_SECONDS:
            self._doing, self._spoke = now.doing, self._clock()
            say(self._console, described(now))


def described(now: Moment) -> str:
    """Return a moment in words."""
    part = f" of {now.total:,}" if now.total else ""
    speed = f", {now.words_per_second:,.0f} a second" if now.words_per_second else ""
    loss = f", loss {now.loss:.3f}" if now.loss is not None else ""
    return f"{now.doing}: {now.words:,}{part} words{speed}{loss}"
