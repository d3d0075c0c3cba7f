"""Real data of the benchmarks: in the folder that THROUGHTIME_DATA names, else in ../shared/data."""

from __future__ import annotations

import os
from pathlib import Path

DATA = Path(os.environ.get("THROUGHTIME_DATA", Path(__file__).parents[2] / "shared" / "data"))


def multi30k(name: str) -> list[str]:
    """The English and the French side of a part of Multi30k; ends the program where it is not there."""
    return [str(_present(DATA / "multi30k" / f"{name}.{language}", "multi30k")) for language in ("en", "fr")]


def babi() -> Path:
    """The folder of bAbI; ends the program where it is not there."""
    return _present(DATA / "babi", "babi")


def movie_reviews() -> Path:
    """The folder of the film reviews; ends the program where it is not there."""
    return _present(DATA / "movie_reviews", "movie_reviews")


def sms_spam() -> Path:
    """The table of the text messages; ends the program where it is not there."""
    return _present(DATA / "sms_spam" / "train.tsv", "sms_spam")


def tinyshakespeare() -> Path:
    """The text of tinyshakespeare; ends the program where it is not there."""
    return _present(DATA / "tinyshakespeare" / "input.txt", "tinyshakespeare")


def _present(path: Path, name: str) -> Path:
    if not path.exists():
        raise SystemExit(f"{path} is not there; THROUGHTIME_DATA names the folder that holds {name}")
    return path
