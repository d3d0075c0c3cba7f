"""Garbage collection of the command line, a process that is often short.

Importing torch makes 200,000 objects that stay. Every full collection visits them: several times before the
first sentence is translated, and again when the process exits.
"""

from __future__ import annotations

import atexit
import gc
import sys
from typing import Any

NEW_OBJECTS = 20_000
"""How many more objects are made than freed between two collections until torch is imported."""

_before = gc.get_threshold()


def spare_imports() -> None:
    """Collect rarely until torch is imported, never visit what has been made by then, and nothing at exit."""
    gc.set_threshold(NEW_OBJECTS)
    gc.callbacks.append(_after_collection)
    atexit.register(gc.freeze)


def _after_collection(phase: str, info: dict[str, Any]) -> None:
    torch = sys.modules.get("torch")
    if phase == "stop" and torch is not None and not getattr(torch.__spec__, "_initializing", False):
        gc.callbacks.remove(_after_collection)
        gc.freeze()
        gc.set_threshold(*_before)
