"""Speeds, and what is said of them."""

from __future__ import annotations

import pytest

from throughtime.training.state import Pace


def test_speeds_are_those_of_windows_of_ten_seconds() -> None:
    pace = Pace()
    for _ in range(4):
        pace.add(units=100, seconds=2.4)
    assert (pace.fastest, pace.latest) == (0, 0)
    pace.add(units=100, seconds=0.4)
    assert (pace.fastest, pace.latest) == (50, 50)
    pace.add(units=100, seconds=10)
    assert (pace.fastest, pace.latest) == (50, 10)
    assert pace.mean == 30


def test_before_the_first_step_there_is_no_speed() -> None:
    assert Pace().mean == 0
    assert Pace("words").text(0) == "0 words/s"


@pytest.mark.parametrize(
    ("speed", "waiting", "text"),
    [
        (30_120, 0.0, "30,120 words/s"),
        (15_060, 0.19, "15,060 words/s"),
        (15_059, 0.0, "15,059 words/s (at best 30,120)"),
        (900, 0.55, "900 words/s (at best 30,120; no processor was free 55% of the time)"),
        (29_000, 0.2, "29,000 words/s (no processor was free 20% of the time)"),
    ],
)
def test_a_slow_speed_names_the_fastest_and_the_reason(speed: float, waiting: float, text: str) -> None:
    assert Pace("words", fastest=30_120).text(speed, waiting) == text
