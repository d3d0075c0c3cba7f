"""Rows of tables, .csv and .tsv."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import chain

from throughtime.errors import InputError
from throughtime.files.reading import Reader, Row

_DELIMITERS = (",", ";", "\t")
_QUOTED = re.compile(r'"(?:[^"]|"")*"?')


def tsv_rows(name: str, reader: Reader) -> Iterator[Row]:
    """Stream the rows of a table whose fields are separated by tabs and not quoted."""
    blanks = 0
    for number, line in reader.lines(name):
        if line:
            yield Row(f"{name}:{number}", line.split("\t"), blanks)
        else:
            reader.report.blank += 1
            blanks += 1


def csv_rows(name: str, reader: Reader) -> Iterator[Row]:
    """Stream the rows of a table with quoted fields (RFC 4180), each placed at the line where it begins.

    The delimiter is the first of comma, semicolon (where numbers have a comma) and tab that the first row
    has outside of quotes. A field holds at most csv.field_size_limit() characters, 131,072 by default.
    """
    numbered = reader.lines(name)
    first = _first_not_blank(numbered, reader)
    if first is None:
        return
    delimiter = _delimiter(first[1])
    if delimiter != ",":
        reader.report.notes.append(f"{name}: columns are separated by {delimiter!r}")
    yield from _csv_rows(name, _Lines(chain([first], numbered)), delimiter, reader)


def _first_not_blank(numbered: Iterator[tuple[int, str]], reader: Reader) -> tuple[int, str] | None:
    for number, line in numbered:
        if line:
            return number, line
        reader.report.blank += 1
    return None


def _delimiter(line: str) -> str:
    unquoted = _QUOTED.sub("", line)
    return next((delimiter for delimiter in _DELIMITERS if delimiter in unquoted), ",")


def _csv_rows(name: str, lines: _Lines, delimiter: str, reader: Reader) -> Iterator[Row]:
    rows, blanks = csv.reader(lines, strict=True, delimiter=delimiter), 0
    while True:
        lines.start = 0
        try:
            fields = next(rows, None)
        except csv.Error as error:
            reader.bad(InputError(f"{name}:{lines.start}: not a row of CSV ({error})"))
            continue
        if fields is None:
            return
        if fields:
            yield Row(f"{name}:{lines.start}", fields, blanks)
        else:
            reader.report.blank += 1
            blanks += 1


class _Lines:
    """Lines with their ends; `start` is the number of the first one read since `start` was set to 0."""

    def __init__(self, numbered: Iterator[tuple[int, str]]) -> None:
        self.start = 0
        self._numbered = numbered

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        number, line = next(self._numbered)
        self.start = self.start or number
        return f"{line}\n"
