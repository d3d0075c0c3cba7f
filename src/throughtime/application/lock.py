"""One run at a time in a folder."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from lightning_fabric import Fabric

from throughtime.errors import InputError
from throughtime.training.processes import first_does

LOCK = "run.lock"

_PATIENCE = 1.0  # seconds; `is_held` lets go sooner


@contextmanager
def held(folder: Path) -> Generator[None]:
    """Lock the folder; the system unlocks it where this process is killed.

    Raises:
        InputError: another process holds the lock.
    """
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


@contextmanager
def held_by_first(fabric: Fabric, folder: Path) -> Generator[None]:
    """Have the first process lock the folder for all; raise InputError as `held` does."""
    with ExitStack() as stack:
        first_does(fabric, lambda: stack.enter_context(held(folder)))
        yield


def is_held(folder: Path) -> bool:
    """Return whether a process holds the lock of the folder; False where the system cannot say."""
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
