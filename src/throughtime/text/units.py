"""Tokenizers that give back every character: by characters, by bytes, and by spaces.

White space and Unicode composition stay as they are, unlike with the tokenizers of sentences in tokenizer.py.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

from throughtime.errors import InputError
from throughtime.layers.special_ids import BOS_ID, EOS_ID, PAD_ID, SPECIALS, UNK_ID

Unit = Literal["characters", "bytes", "words"]

NOTHING: Mapping[int, str] = MappingProxyType({})
UNKNOWN: Mapping[int, int | None] = MappingProxyType({UNK_ID: None})
"""Ids of unknown words in vocabularies without positions."""

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

    unknowns = UNKNOWN

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
        return self._kind.join(unknown.get(k, self._symbol(number)) for k, number in written(ids))

    def _symbol(self, number: int) -> str:
        return self._kind.unknown if number == UNK_ID else self._symbols[number]

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
    return Units(kind, most_frequent(map(_KINDS[kind].split, texts), vocab_size))


def most_frequent(texts: Iterable[Iterable[str]], vocab_size: int) -> list[str]:
    """Return the most frequent symbols, `vocab_size` with the four special ones; ties sorted by spelling.

    Raises InputError if there is no symbol, or no room for one.
    """
    require_room(vocab_size)
    counts: Counter[str] = Counter()
    for symbols in texts:
        counts.update(symbols)
    if not counts:
        raise InputError("the tokenizer has no text to learn from")
    by_frequency = sorted(counts, key=lambda symbol: (-counts[symbol], symbol))
    return by_frequency[: vocab_size - len(SPECIALS)]


def require_room(vocab_size: int) -> None:
    """Raise InputError for a vocabulary that has no room for a symbol beside the special ones."""
    if vocab_size <= len(SPECIALS):
        raise InputError(f"vocab_size is {vocab_size}; it must be at least {len(SPECIALS) + 1}")


def written(ids: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the index and the id of what is written: up to the first EOS_ID, without PAD_ID and BOS_ID."""
    for index, number in enumerate(ids):
        if number == EOS_ID:
            return
        if number not in (PAD_ID, BOS_ID):
            yield index, number
