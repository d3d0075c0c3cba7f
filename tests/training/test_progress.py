"""What is shown, on a terminal and elsewhere."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from throughtime.training.progress import BarDisplay, Glance, PlainDisplay, in_words, make_display

NOW = Glance(epoch=1.5, progress=0.5, loss=2.25, speed="4,210 words/s", left="6m12s", best="bleu 31.2")


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_plain_lines_come_after_thirty_silent_seconds(console: Console) -> None:
    clock = Clock()
    display = PlainDisplay(console, clock)
    for clock.seconds in (1, 29.9, 30, 31, 59, 60):
        display.show(NOW)
    line = "epoch 1.50  loss 2.250  4,210 words/s  6m12s left  best bleu 31.2\n"
    assert console.file.getvalue() == 2 * line


def test_a_validation_puts_the_next_plain_line_off(console: Console) -> None:
    clock = Clock()
    display = PlainDisplay(console, clock)
    clock.seconds = 29
    display.line("validated")
    clock.seconds = 58
    display.show(NOW)
    assert console.file.getvalue() == "validated\n"


def test_plain_lines_are_neither_wrapped_nor_marked_up(console: Console) -> None:
    text = "a [bold]long[/bold] line " * 20
    PlainDisplay(console).line(text)
    assert console.file.getvalue() == f"{text}\n"


def test_what_is_not_known_yet_is_left_out(console: Console) -> None:
    clock = Clock()
    display = PlainDisplay(console, clock)
    clock.seconds = 30
    display.show(NOW._replace(left="", best=""))
    assert console.file.getvalue() == "epoch 1.50  loss 2.250  4,210 words/s\n"


def test_a_terminal_gets_the_bar(console: Console) -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True, width=120)
    display = make_display(terminal)
    assert isinstance(display, BarDisplay)
    display.show(NOW)
    display.line("validated [1]")
    display.close()
    shown = terminal.file.getvalue()
    for part in (
        "epoch 1.50",
        "loss 2.250",
        "4,210 words/s",
        "6m12s left",
        "best bleu 31.2",
        "validated [1]",
    ):
        assert part in shown
    assert isinstance(make_display(console), PlainDisplay)


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(0, "0s"), (0.7, "42s"), (0.999, "1m00s"), (6.2, "6m12s"), (65.5, "1h05m"), (-1, "0s")],
)
def test_durations_in_words(minutes: float, text: str) -> None:
    assert in_words(minutes) == text
