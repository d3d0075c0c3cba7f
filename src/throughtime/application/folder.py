"""The folder that a training writes into."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from throughtime.errors import InputError


@contextmanager
def no_false_start(folder: Path, what: str = "the run") -> Generator[None]:
    """Make the folder; take away what is made where nothing comes of it.

    Raises InputError where it cannot hold `what`.
    """
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot hold {what}: {error.strerror}; expected a folder") from error
    try:
        yield
    except BaseException:
        with suppress(OSError):  # one holds something
            for one in made:
                one.rmdir()
        raise


def run_folder(corpus: Sequence[str], otherwise: str) -> Path:
    """Return where a run stands that was not told where: runs/ and the name of its corpus, or another."""
    first = corpus[0].removeprefix("hf:").rstrip("/").split("/")[-1] if corpus else ""
    return Path("runs") / (re.sub(r"[^\w-]+", "-", first.lstrip(".").split(".")[0]) or otherwise)
