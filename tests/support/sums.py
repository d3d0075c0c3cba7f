"""A text to learn to predict, and the run that does."""

from __future__ import annotations

from collections.abc import Callable

from throughtime.application.workflow import Result

Train = Callable[..., Result]
LINES = "".join(f"{k} and {k + 1} make {2 * k + 1}.\n" for k in range(400))
