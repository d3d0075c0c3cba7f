"""What translations must have in them, and what they must never have, as the model writes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from throughtime.decoding.constrained import Phrase
from throughtime.errors import InputError
from throughtime.layers.special_ids import UNK_ID
from throughtime.seq2seq.config import SearchConfig
from throughtime.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class Demands:
    """Phrases as runs of ids: all of `must` stand in a translation, none of `never`."""

    must: tuple[Phrase, ...] = ()
    never: tuple[Phrase, ...] = ()


def demands_of(config: SearchConfig, tokenizer: Tokenizer) -> Demands:
    """The phrases of a configuration as the tokenizer cuts them.

    Raises InputError for a phrase of nothing, for one that the tokenizer cannot write, and where what must be
    written has something in it that must not.
    """
    must, never = (_encoded(name, getattr(config, name), tokenizer) for name in ("must", "never"))
    for phrase in must:
        if (barred := first_inside(phrase, never)) is not None:
            has, lacks = tokenizer.decode(phrase), tokenizer.decode(barred)
            raise InputError(f"must has {has!r}, but never has {lacks!r}; expected phrases that go together")
    return Demands(must, never)


def first_inside(text: Sequence[int], phrases: Sequence[Phrase]) -> Phrase | None:
    """The first of the phrases that stands in a text of ids."""
    return next((one for one in phrases if _stands_in(tuple(text), one)), None)


def _stands_in(text: Phrase, phrase: Phrase) -> bool:
    return any(text[k : k + len(phrase)] == phrase for k in range(len(text) - len(phrase) + 1))


def _encoded(name: str, phrases: Sequence[str], tokenizer: Tokenizer) -> tuple[Phrase, ...]:
    found = [(phrase, tuple(tokenizer.encode(phrase))) for phrase in phrases]
    for phrase, ids in found:
        if not ids or UNK_ID in ids:
            raise InputError(f"{name} has {phrase!r}; expected words that the model can write")
    return tuple(ids for _, ids in found)
