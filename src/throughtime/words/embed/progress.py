"""How far a training of word vectors is: a live line on a terminal, plain ones now and then elsewhere."""

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
    """Something to tell moments to, which shows them."""
    if console.is_terminal:
        with console.status("starting") as status:
            yield lambda now: status.update(told(now))
    else:
        yield _Plainly(console, clock).show


class _Plainly:
    """A line for each thing that is begun, and after 30 silent seconds."""

    def __init__(self, console: Console, clock: Callable[[], float]) -> None:
        self._console, self._clock = console, clock
        self._doing, self._spoke = "", clock()

    def show(self, now: Moment) -> None:
        if now.doing != self._doing or self._clock() - self._spoke >= _PLAIN_SECONDS:
            self._doing, self._spoke = now.doing, self._clock()
            say(self._console, told(now))


def told(now: Moment) -> str:
    """A moment in words."""
    part = f" of {now.total:,}" if now.total else ""
    speed = f", {now.words_per_second:,.0f} a second" if now.words_per_second else ""
    loss = f", loss {now.loss:.3f}" if now.loss is not None else ""
    return f"{now.doing}: {now.words:,}{part} words{speed}{loss}"
