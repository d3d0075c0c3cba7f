"""Where runs of translation lie unless told otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from throughtime.application.folder import run_folder


def default_folder(corpus: Sequence[str]) -> Path:
    """runs/ and the name of the corpus, or phrasebook."""
    return run_folder(corpus, "phrasebook")


PHRASEBOOK_MODEL = default_folder(()) / "best.safetensors"
