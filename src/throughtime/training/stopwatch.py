"""The time that a run takes, over all its resumptions."""

from __future__ import annotations

from collections.abc import Callable

from lightning_fabric import Fabric

from throughtime.training.state import RunState


class Stopwatch:
    """Keeps `state.minutes`, the same on all processes so that they end at the same step."""

    def __init__(self, state: RunState, clock: Callable[[], float], fabric: Fabric) -> None:
        self._state, self._clock, self._fabric = state, clock, fabric
        self._lap = clock()
        self._zero = self._lap - 60 * state.minutes

    def lap(self) -> float:
        """Bring the minutes up to date; return the seconds since the last lap."""
        now = self._clock()
        seconds, self._lap = now - self._lap, now
        self._state.minutes = self._fabric.broadcast((now - self._zero) / 60)
        return seconds
