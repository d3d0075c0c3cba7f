"""What holds for all tests: no time limit for an example, as it would measure the machine; Ctrl-C heard."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from hypothesis import settings

from throughtime.training import processors
from user_modules import user_module

__all__ = ["user_module"]

settings.register_profile("throughtime", deadline=None)
settings.load_profile("throughtime")

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs begin deaf to it


@pytest.fixture(autouse=True)
def idle_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a run says the same on a busy machine."""
    monkeypatch.setattr(processors, "TASKS", Path("/nowhere"))
