"""The folder that a training writes into."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from throughtime.errors import InputError


@contextmanager
def no_false_start(folder: Path, what: str = "the run") -> Generator[None]:
    """Make the folder; take it away where nothing comes of it and it is empty.

    Raises InputError where it cannot hold `what`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot hold {what}: {error.strerror}; expected a folder") from error
    try:
        yield
    except BaseException:
        with suppress(OSError):  # it holds something
            folder.rmdir()
        raise
