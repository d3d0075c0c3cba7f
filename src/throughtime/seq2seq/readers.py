from __future__ import annotations
from typing import NamedTuple
class Pair(NamedTuple):
    """One sentence and its translation."""
    src: str
    tgt: str
