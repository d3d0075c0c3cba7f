"""A phrasebook of everyday English with its French, made by a grammar: a corpus that needs no download."""

from __future__ import annotations

from throughtime.corpora.phrasebook.corpus import Phrasebook, build

__all__ = ["Phrasebook", "build"]
