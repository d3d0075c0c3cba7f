"""Tokenizers that give back every character: by characters, by bytes, and by spaces.

White space and Unicode composition stay as they are, unlike with the tokenizers of sentences in tokenizer.py.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from throughtime.errors import InputError
from throughtime.layers.special_ids import BOS_ID, EOS_ID, PAD_ID, SPECIALS, UNK_ID

Unit = Literal["characters", "bytes", "words"]

NOTHING: Mapping[int, str] = {}
_WORDS = re.compile(r"\n|[^\s]+")
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"


class _Kind(NamedTuple):
    split: Callable[[str], Sequence[str]]
    join: Callable[[Iterable[str]], str]
    unknown: str


def _of_bytes(symbols: Iterable[str]) -> str:
    return "".join(symbols).encode("latin-1", "replace").decode("utf-8", "replace")


def _of_words(words: Iterable[str]) -> str:
    return " ".join(words).replace(" \n", "\n").replace("\n ", "\n")


_KINDS: Mapping[Unit, _Kind] = {
    "characters": _Kind(list, "".join, _UNKNOWN),
    "bytes": _Kind(lambda text: text.encode("utf-8", "replace").decode("latin-1"), _of_bytes, "?"),
    "words": _Kind(_WORDS.findall, _of_words, SPECIALS[UNK_ID]),
}


class Units:
    """A text as a sequence of units, each a symbol of a vocabulary or unknown.

    characters and bytes (of UTF-8) return the text to the character. words are what white space divides, as
    in the Penn treebank and WikiText; a line feed is a word, and other white space comes back as one space.

    Raises InputError for symbols that are not distinct.
    """

    unknowns: Mapping[int, int | None] = {UNK_ID: None}

    def __init__(self, kind: Unit, symbols: Sequence[str]) -> None:
        self.kind: str = kind
        self._kind = _KINDS[kind]
        self._symbols = [*SPECIALS, *symbols]
        self._ids = {symbol: number for number, symbol in enumerate(symbols, len(SPECIALS))}
        if len(self._ids) < len(symbols):
            raise InputError("the tokenizer is damaged: its symbols are not distinct")

    @property
    def vocab_size(self) -> int:
        return len(self._symbols)

    def encode(self, text: str) -> list[int]:
        return [self._ids.get(symbol, UNK_ID) for symbol in self._kind.split(text)]

    def surfaces(self, text: str) -> list[str]:
        return list(self._kind.split(text))

    def names(self, ids: Sequence[int]) -> list[str]:
        return [self._symbols[number] for number in ids]

    def decode(self, ids: Sequence[int], unknown: Mapping[int, str] = NOTHING) -> str:
        end = list(ids).index(EOS_ID) if EOS_ID in ids else len(ids)
        written = [(k, number) for k, number in enumerate(ids[:end]) if number not in (PAD_ID, BOS_ID)]
        own = [self._kind.unknown if number == UNK_ID else self._symbols[number] for _, number in written]
        return self._kind.join(unknown.get(k, symbol) for (k, _), symbol in zip(written, own, strict=True))

    def inner(self) -> list[bool]:
        return [False for _ in self._symbols]

    def cuts(self) -> list[list[tuple[int, int]]]:
        return [[] for _ in self._symbols]

    def to_asset(self) -> bytes:
        fields = {"units": self.kind, "symbols": self._symbols[len(SPECIALS) :]}
        return json.dumps(fields, ensure_ascii=False).encode()


def units_from_asset(asset: bytes) -> Units:
    """Rebuild what `to_asset` wrote; raise InputError for any other bytes."""
    try:
        fields = json.loads(asset)
        kind, symbols = fields["units"], [str(symbol) for symbol in fields["symbols"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError("the tokenizer is damaged: its bytes are not a vocabulary of units") from error
    if kind not in _KINDS:
        raise InputError(f"the tokenizer is damaged: its units are {kind!r}")
    return Units(kind, symbols)


def train_units(texts: Iterable[str], kind: Unit, vocab_size: int) -> Units:
    """Keep the most frequent units, `vocab_size` with the four special ones; ties are sorted by spelling.

    Bytes have no choice: all 256 are kept.

    Raises InputError if there is no text, or no room for a unit.
    """
    if kind == "bytes":
        return Units(kind, list(map(chr, range(256))))
    if vocab_size <= len(SPECIALS):
        raise InputError(f"vocab_size is {vocab_size}; it must be at least {len(SPECIALS) + 1}")
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(_KINDS[kind].split(text))
    if not counts:
        raise InputError("the tokenizer has no text to learn from")
    by_frequency = sorted(counts, key=lambda symbol: (-counts[symbol], symbol))
    return Units(kind, by_frequency[: vocab_size - len(SPECIALS)])
