"""Real data of the benchmarks: in the folder that THROUGHTIME_DATA names, else in ../shared/data."""

from __future__ import annotations

import os
from pathlib import Path

DATA = Path(os.environ.get("THROUGHTIME_DATA", Path(__file__).parents[2] / "shared" / "data"))


def multi30k(name: str) -> list[str]:
    """The English and the French side of a part of Multi30k; ends the program where it is not there."""
    sides = [DATA / "multi30k" / f"{name}.{language}" for language in ("en", "fr")]
    for side in sides:
        if not side.exists():
            raise SystemExit(f"{side} is not there; THROUGHTIME_DATA names the folder that holds multi30k")
    return list(map(str, sides))
