"""Phrases that a text must or must not contain, in the model's tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from throughtime.decoding.constrained import Phrase
from throughtime.errors import InputError
from throughtime.layers.special_ids import UNK_ID
from throughtime.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class Demands:
    """Phrases as runs of ids: a translation contains all of `must` and none of `never`."""

    must: tuple[Phrase, ...] = ()
    never: tuple[Phrase, ...] = ()


def demands_of(must: Sequence[str], never: Sequence[str], tokenizer: Tokenizer) -> Demands:
    """Return the phrases as the tokenizer splits them.

    Raises InputError for an empty phrase, for one that the tokenizer cannot write, and if a phrase of `must`
    contains one of `never`.
    """
    demands = Demands(_encoded("must", must, tokenizer), _encoded("never", never, tokenizer))
    for phrase in demands.must:
        if (barred := first_inside(phrase, demands.never)) is not None:
            has, lacks = tokenizer.decode(phrase), tokenizer.decode(barred)
            raise InputError(f"must has {has!r}, which contains {lacks!r} of never: leave out one of them")
    return demands


def first_inside(text: Sequence[int], phrases: Sequence[Phrase]) -> Phrase | None:
    """Return the first of the phrases that occurs in a text of ids."""
    return next((phrase for phrase in phrases if _stands_in(tuple(text), phrase)), None)


def _stands_in(text: Phrase, phrase: Phrase) -> bool:
    return any(text[k : k + len(phrase)] == phrase for k in range(len(text) - len(phrase) + 1))


def _encoded(name: str, phrases: Sequence[str], tokenizer: Tokenizer) -> tuple[Phrase, ...]:
    encoded = [(phrase, tuple(tokenizer.encode(phrase))) for phrase in phrases]
    for phrase, ids in encoded:
        if not ids or UNK_ID in ids:
            raise InputError(f"{name} has {phrase!r}; expected words that the model can write")
    return tuple(ids for _, ids in encoded)
