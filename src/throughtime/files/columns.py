"""Which column holds the text and which the label, where that is not said.

- The first row of a table is its header where a column was asked for by name, or where one of its fields is
  the usual name of a text, one of TEXT_NAMES. Where columns were asked for by number alone, a header without
  such a name thus counts as a row: v1,v2 with columns 1 and 0 makes a document of the text "v2".
- With names (a header, the keys of JSON, the columns of a data set) the text is the first of TEXT_NAMES that
  is there, the label the first of LABEL_NAMES; where none of those is there, there are no labels.
- In a table without header a single column is the text. Of two, the shorter on the average of the first rows
  is the label, and the other the text. Of more, they have to be named.
- Where one of two columns has been asked for as the label, the other is the text. Where the text alone was
  asked for, by number, there are no labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from throughtime.errors import InputError

TEXT_NAMES = ("text", "document", "sentence", "message", "review", "content", "comment", "body", "tweet")
"""Usual names of a text, capital or small, the first that is there counts."""

LABEL_NAMES = ("label", "class", "category", "target", "sentiment", "topic")
"""Usual names of a label likewise."""

Keys = tuple[str, str | None]
"""The keys of text and label, the latter None where there are no labels."""


@dataclass(frozen=True)
class Columns:
    """Which columns of a table hold what, counted from 0."""

    text: int
    label: int | None
    width: int
    header: bool

    def __str__(self) -> str:
        label = "no label" if self.label is None else f"label in column {self.label}"
        return f"{'a header' if self.header else 'no header'}; text in column {self.text}, {label}"


def table_columns(rows: Sequence[Sequence[str]], text: str | None, label: str | None, name: str) -> Columns:
    """Tell the columns of a table from its first rows and from what was asked for, by name or number.

    Raises InputError, which names the table, where a column is not there or cannot be told.
    """
    first = rows[0]
    header = any(map(_is_name, (text, label))) or _usual(TEXT_NAMES, first) is not None
    names = first if header else ()
    text_place, label_place = _asked(text, first, name), _asked(label, first, name)
    if text_place is None:
        text_place = _usual(TEXT_NAMES, names)
    if text_place is None:
        text_place = _by_shape(rows, label_place, name)
    if label_place is None:
        other = 1 - text_place if text is None and not header and len(first) == 2 else None
        label_place = _usual(LABEL_NAMES, names, but=text_place) if header else other
    if text_place == label_place:
        raise InputError(f"{name}: text and label are both column {text_place}; expected two columns")
    return Columns(text_place, label_place, len(first), header)


def keys_of(row: Mapping[str, Any], text: str | None, label: str | None, where: str) -> Keys:
    """Tell the keys of text and label from a row of names and values and from what was asked for.

    Raises InputError, which says where, for a key that is not there, and where no key has a usual name.
    """
    names = list(row)
    for asked in (text, label):
        if asked is not None and asked not in row:
            raise InputError(f"{where}: no {asked!r}; found {_listed(names)}")
    text_place = names.index(text) if text is not None else _usual(TEXT_NAMES, names)
    if text_place is None:
        raise InputError(f"{where}: which of {_listed(names)} is the text? name it as text_column")
    label_place = _usual(LABEL_NAMES, names, but=text_place)
    usual = None if label_place is None else names[label_place]
    return names[text_place], label if label is not None else usual


def _is_name(column: str | None) -> bool:
    return column is not None and not (column.isascii() and column.isdigit())


def _asked(column: str | None, first: Sequence[str], name: str) -> int | None:
    if column is None:
        return None
    if _is_name(column):
        if column not in first:
            raise InputError(f"{name}: no column {column!r}; found {_listed(first)}")
        return first.index(column)
    if int(column) >= len(first):
        raise InputError(f"{name}: no column {column}; found {len(first)}, counted from 0")
    return int(column)


def _usual(wanted: Sequence[str], names: Sequence[str], but: int | None = None) -> int | None:
    """The place of the first wanted name, capital or small, that is among the names, not at `but`."""
    plain = [name.strip().casefold() if place != but else "" for place, name in enumerate(names)]
    return next((plain.index(name) for name in wanted if name in plain), None)


def _by_shape(rows: Sequence[Sequence[str]], label: int | None, name: str) -> int:
    match len(rows[0]):
        case 1:
            return 0
        case 2 if label is not None:
            return 1 - label
        case 2:
            return _longer(rows, name)
        case width:
            raise InputError(f"{name}: which of {width} columns is the text? name it as text_column")


def _longer(rows: Sequence[Sequence[str]], name: str) -> int:
    one, other = (sum(len(row[place]) for row in rows if len(row) == 2) for place in (0, 1))
    if one == other:
        raise InputError(f"{name}: which of 2 columns is the text? name it as text_column")
    return int(other > one)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names)) or "none"
