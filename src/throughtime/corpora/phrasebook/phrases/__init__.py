"""The fixed phrases of the phrasebook, each written by hand."""

from __future__ import annotations

from typing import NamedTuple

from throughtime.corpora.phrasebook.lexicon import rows
from throughtime.corpora.phrasebook.phrases import abroad, conversation


class Phrase(NamedTuple):
    """A phrase, and who may be named after it: `tu` or `vous` people, `all` of them, or nobody (empty)."""

    en: str
    fr: str
    audience: str


def _read(table: str) -> tuple[Phrase, ...]:
    return tuple(Phrase(en, fr, "".join(audience)) for en, fr, *audience in rows(table))


PHRASES = _read(conversation.TABLE) + _read(abroad.TABLE)
