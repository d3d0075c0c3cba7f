"""Minutes over all resumptions."""

from __future__ import annotations

from lightning_fabric import Fabric

from throughtime.training.state import RunState, Stopwatch


def test_minutes_go_on_from_those_before() -> None:
    times = iter([1000.0, 1030.0, 1090.0])
    state = RunState(minutes=2.0)
    stopwatch = Stopwatch(state, lambda: next(times), Fabric(accelerator="cpu", devices=1))
    assert (stopwatch.lap(), state.minutes) == (30.0, 2.5)
    assert (stopwatch.lap(), state.minutes) == (60.0, 3.5)
