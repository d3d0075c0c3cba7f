"""One run at a time in a folder."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from throughtime.errors import InputError

LOCK = "run.lock"

_PATIENCE = 1.0  # seconds; whoever only looks is done by then


@contextmanager
def held(folder: Path) -> Generator[None]:
    """Hold the folder; raise InputError where another process holds it. A killed one lets go of it."""
    lock = FileLock(folder / LOCK, timeout=_PATIENCE, is_singleton=True)  # one process may hold it twice
    try:
        lock.acquire()
    except Timeout:
        raise InputError(
            f"{folder} is in use by a run that has not ended; expected another folder, or the end of that run"
        ) from None
    try:
        yield
    finally:
        lock.release()


def is_held(folder: Path) -> bool:
    """Say whether a process holds the folder; one that cannot be asked is not held."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        with (folder / LOCK).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except OSError:
        return False
