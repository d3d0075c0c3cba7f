"""Unicode composition and white space: normalisation of any text before it is split into tokens."""

from __future__ import annotations

import re
import unicodedata

_BREAKING_SPACES = re.compile(r"[^\S\u00a0\u2007\u202f]+")


def normalise(text: str) -> str:
    """Return text composed (NFC), every run of white space as one space, none at the ends.

    No-break spaces inside a sentence stay: French has them before its punctuation. Half of a surrogate pair
    becomes `?`.
    """
    whole = text if text.isascii() else unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
    return _BREAKING_SPACES.sub(" ", whole).strip()
