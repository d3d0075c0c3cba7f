"""Phrases that a text must contain, or must not, as the model writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from throughtime.decoding.constrained import Phrase
from throughtime.errors import InputError
from throughtime.layers.special_ids import UNK_ID
from throughtime.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class Demands:
    """Phrases as runs of ids: all of `must` stand in a translation, none of `never`."""

    must: tuple[Phrase, ...] = ()
    never: tuple[Phrase, ...] = ()


def demands_of(must: Sequence[str], never: Sequence[str], tokenizer: Tokenizer) -> Demands:
    """The phrases as the tokenizer cuts them.

    Raises InputError for a phrase of nothing, for one that the tokenizer cannot write, and where what must be
    written has something in it that must not.
    """
    demands = Demands(_encoded("must", must, tokenizer), _encoded("never", never, tokenizer))
    for phrase in demands.must:
        if (barred := first_inside(phrase, demands.never)) is not None:
            has, lacks = tokenizer.decode(phrase), tokenizer.decode(barred)
            raise InputError(f"must has {has!r}, but never has {lacks!r}; expected phrases that go together")
    return demands


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
