from __future__ import annotations

import io

import pytest
from rich.console import Console

from throughtime.words.embed.corpus import Moment
from throughtime.words.embed.progress import described, shown


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (Moment("reading", 1200, 0, 0.0), "reading: 1,200 words"),
        (Moment("training", 1200, 5000, 2500.4), "training: 1,200 of 5,000 words, 2,500 a second"),
        (Moment("training", 5, 9, 1.0, 4.1589), "training: 5 of 9 words, 1 a second, loss 4.159"),
    ],
)
def test_a_moment_in_words(now: Moment, words: str) -> None:
    assert described(now) == words


def test_plain_lines_for_what_begins_and_after_silence() -> None:
    console = Console(file=io.StringIO(), force_terminal=False, width=20)
    clock = iter([0.0, 0.0, 10.0, 29.0, 31.0])
    with shown(console, lambda: next(clock)) as watch:
        watch(Moment("reading", 1, 0, 0.0))  # at 0 s
        watch(Moment("reading", 2, 0, 0.0))  # at 10 s
        watch(Moment("reading", 3, 0, 0.0))  # at 29 s
        watch(Moment("[red]training", 4, 0, 0.0))  # at 31 s
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines == ["reading: 1 words", "[red]training: 4 words"]


def test_a_line_after_30_silent_seconds() -> None:
    console = Console(file=io.StringIO(), force_terminal=False, width=20)
    now = [0.0]
    with shown(console, lambda: now[0]) as watch:
        for second in range(0, 70, 10):
            now[0] = float(second)
            watch(Moment("training", second, 70, 1.0))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert [line.split(" of ")[0] for line in lines] == ["training: 0", "training: 30", "training: 60"]


def test_a_live_line_on_a_terminal() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with shown(console) as watch:
        watch(Moment("training", 4, 9, 1.0))
        console.print("beside it")
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert "beside it" in printed and "\x1b[?25h" in printed  # and the cursor is there again
