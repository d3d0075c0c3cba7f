"""Which column of a file's rows holds what, and the values there.

A column is named by its name in a header or in an object, or by its number from 0. A name that is there comes
before a number. A table's first row is its header where a column is asked for by a name, or where every
required column has a usual name there. Columns that are not asked for are found by their usual names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Generic, TypeVar

from throughtime.errors import InputError
from throughtime.files.reading import Reader, Row

Item = TypeVar("Item")
Key = int | str
"""The place of a column among a row's fields, or its name in an object."""

_MOST_LISTED = 20  # columns
_LONGEST_LISTED = 30  # characters
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Column:
    """A column that is to be read.

    Attributes:
        role: what it holds, such as "text".
        option: the option that names it, such as "--text-column".
        asked: its name or its number from 0, as the user typed it; None to find it.
        usual: names that such a column usually has, in lower case; the first that is there counts.
        place: its number in a table without a header, if that is settled by custom.
        required: whether rows without it are of no use.
    """

    role: str
    option: str
    asked: str | None = None
    usual: tuple[str, ...] = ()
    place: int | None = None
    required: bool = True


@dataclass(frozen=True)
class Columns:
    """Where the wanted columns are in the rows of a file.

    Attributes:
        wanted: the columns that are to be read.
        keys: the key of each; None where the file does not have it or it could not be found.
        width: number of fields in the first row.
        header: whether the first row of the table is its header.
    """

    wanted: tuple[Column, ...]
    keys: tuple[Key | None, ...]
    width: int
    header: bool

    def __str__(self) -> str:
        """Return the places as a note, such as "a header; text in column 1, no label"."""
        found: dict[str, list[str]] = {column.role: [] for column in self.wanted}
        for column, key in zip(self.wanted, self.keys, strict=True):
            found[column.role] += [] if key is None else [str(key)]
        places = (
            f"{role} in column{'s' if keys[1:] else ''} {' '.join(keys)}" if keys else f"no {role}"
            for role, keys in found.items()
        )
        return f"{'a header' if self.header else 'no header'}; {', '.join(places)}"

    def value(self, row: Row, index: int) -> Any:
        """Return the value of the column `index` of those wanted; None where no key of it is known.

        Raises:
            InputError: the row does not have the column.
        """
        values: Any = row.values
        if (key := self.keys[index]) is None:
            return None
        try:
            return values[key]
        except LookupError as error:
            raise _missing(row, self.wanted[index], key) from error

    def text(self, row: Row, index: int) -> str:
        """Return the value of a column whose key is known; raise InputError where it is not text."""
        value = self.value(row, index)
        if not isinstance(value, str):
            raise InputError(f"{row.place}: {self.keys[index]!r} must be text, found {type(value).__name__}")
        return whole_characters(value, self.keys[index], row.place)

    def require_width(self, row: Row) -> None:
        """Raise InputError for a row of a table with more or fewer fields than the first."""
        if isinstance(row.values, list) and len(row.values) != self.width:
            count = len(row.values)
            found = "1 column" if count == 1 else f"{count} columns"
            raise InputError(f"{row.place}: {found}; expected {self.width}, as in the first row")


def find_columns(first: Row, wanted: Sequence[Column]) -> Columns:
    """Find columns by the first row: those asked for, and the others by their usual names.

    Raises:
        InputError: the row does not have a column that is asked for.
    """
    names = list(first.values)
    table = isinstance(first.values, list)
    header = table and _is_header(names, wanted)
    named = header or not table
    places = [_place(first, column, named) for column in wanted]
    for index, column in enumerate(wanted):
        if named and places[index] is None:
            places[index] = _usual_place(column, names, but=places)
    keys = [place if place is None or table else names[place] for place in places]
    return Columns(tuple(wanted), tuple(keys), len(names), header)


def require_found(first: Row, columns: Columns) -> None:
    """Raise InputError where a required column has not been found and must be named."""
    for column, key in zip(columns.wanted, columns.keys, strict=True):
        if column.required and key is None:
            raise _choose(f"{first.place}: the {column.role} column is not known", first, column)


def whole_characters(text: str, key: Key | None, place: str) -> str:
    """Return a text; raise InputError where half of a surrogate pair is in it, as JSON may hold."""
    if not text.isascii() and _SURROGATE.search(text):
        raise InputError(f"{place}: {key!r} holds half of a surrogate pair, which is not text")
    return text


@dataclass(frozen=True)
class Selection(Generic[Item]):
    """Makes items of rows, once it is settled which column holds what.

    Attributes:
        reader: raises or reports bad rows.
        choose: returns the columns by the first rows; raises InputError where it cannot.
        make: returns the item of a row; raises InputError for a bad row.
        look: number of rows of a table that `choose` is given.
    """

    reader: Reader
    choose: Callable[[Sequence[Row]], Columns]
    make: Callable[[Row, Columns], Item]
    look: int = 1

    def items(self, name: str, rows: Iterator[Row]) -> Iterator[Item]:
        """Stream the items of the rows of a file, and note where a table's columns are.

        A table without a wanted column is an error; an object without it is a bad row like any other.
        """
        if (first := next(rows, None)) is None:
            return
        of_kind = self._of_table if isinstance(first.values, list) else self._of_objects
        yield from of_kind(name, chain([first], rows))

    def _of_table(self, name: str, rows: Iterator[Row]) -> Iterator[Item]:
        head = list(islice(rows, self.look))
        columns = self.choose(head)
        self.reader.report.notes.append(f"{name}: {columns}")
        for row in chain(head[columns.header :], rows):
            yield from self.reader.attempt(self.make, row, columns)

    def _of_objects(self, _: str, rows: Iterator[Row]) -> Iterator[Item]:
        columns: Columns | None = None
        for row in rows:
            if columns is None:
                columns = next(self.reader.attempt(self.choose, [row]), None)
            if columns is not None:
                yield from self.reader.attempt(self.make, row, columns)


def _is_header(names: Sequence[str], wanted: Sequence[Column]) -> bool:
    if any(column.asked is not None and not _is_number(column.asked) for column in wanted):
        return True
    return all(_usual_place(column, names) is not None for column in wanted if column.required)


def _is_number(asked: str) -> bool:
    return asked.isascii() and asked.isdigit()


def _place(first: Row, column: Column, named: bool) -> int | None:
    """Return the number of a column that is asked for, or settled by custom."""
    names = list(first.values)
    asked = column.asked
    if asked is None:
        place = None if named else column.place
    elif named and asked in names:
        place = names.index(asked)
    elif _is_number(asked):
        place = int(asked)
    else:
        raise _missing(first, column, asked)
    if place is not None and place >= len(names):
        raise _missing(first, column, place)
    return place


def _usual_place(column: Column, names: Sequence[str], but: Sequence[int | None] = ()) -> int | None:
    """Return the place of the first usual name that is among `names` and not at a place in `but`."""
    plain = ["" if place in but else name.strip().casefold() for place, name in enumerate(names)]
    return next((plain.index(name) for name in column.usual if name in plain), None)


def _missing(row: Row, column: Column, key: Key) -> InputError:
    return _choose(f"{row.place}: no column {key!r}", row, column)


def _choose(problem: str, row: Row, column: Column) -> InputError:
    names = list(row.values)
    listed = [f"{number} {_shortened(name)!r}" for number, name in enumerate(names[:_MOST_LISTED])]
    more = ", ..." if len(names) > _MOST_LISTED else ""
    return InputError(f"{problem}; choose with {column.option} from {', '.join(listed) or 'none'}{more}")


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_LISTED else f"{name[:_LONGEST_LISTED]}..."
