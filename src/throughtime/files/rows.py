"""Rows of the files that people have: one reader for each format, one row at a time, never a whole file.

| name | rows |
|---|---|
| .csv, .tsv | a table's fields (`throughtime.files.tables`) |
| .jsonl | an object on each line |
| hf:owner/name | the rows of a Hugging Face data set (`throughtime.files.hub`) |

A file may be compressed (.gz after its ending). Blank rows are counted and left out. A new format is a
function from a name and a `Reader` to rows, and a line of READERS. Plain text has lines, not rows:
`Reader.lines` reads it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from throughtime.errors import InputError
from throughtime.files.hub import HUB_PREFIX, hub_rows
from throughtime.files.reading import Reader, Row
from throughtime.files.tables import csv_rows, tsv_rows


def json_rows(name: str, reader: Reader) -> Iterator[Row]:
    """Stream the objects of a file that has one on each line."""
    blanks = 0
    for number, line in reader.lines(name):
        place = f"{name}:{number}"
        if not line.strip():
            reader.report.blank += 1
            blanks += 1
            continue
        for values in reader.attempt(_json_object, line, place):
            yield Row(place, values, blanks)


READERS: Mapping[str, Callable[[str, Reader], Iterator[Row]]] = {
    ".csv": csv_rows,
    ".tsv": tsv_rows,
    ".jsonl": json_rows,
}
"""The reader of each kind of file that has rows, by its ending."""


def has_rows(name: str) -> bool:
    """Whether `read_rows` reads what has this name."""
    return name.startswith(HUB_PREFIX) or ending(name) in READERS


def read_rows(name: str, reader: Reader) -> Iterator[Row]:
    """Stream the rows of a file or a data set for which `has_rows` holds.

    Raises:
        InputError: as reading comes to it: the file cannot be read, or a row is bad and `reader` raises.
    """
    if name.startswith(HUB_PREFIX):
        return (Row(f"{name}, row {number}", row) for number, row in enumerate(hub_rows(name), 1))
    return READERS[ending(name)](name, reader)


def ending(name: str) -> str:
    """Return the ending of a file's name in lower case, without .gz."""
    return Path(name.removesuffix(".gz")).suffix.lower()


def require_readable(name: str) -> None:
    """Raise InputError for a path that does not exist, and for a .json, which is not read row by row."""
    if name.startswith(HUB_PREFIX):
        return
    if not Path(name).exists():
        raise InputError(f"{name} does not exist")
    if ending(name) == ".json" and not Path(name).is_dir():
        raise InputError(f"{name} is a single JSON value; convert it to .jsonl, with one object on each line")


def _json_object(line: str, place: str) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: not a line of JSON ({error})") from error
    if not isinstance(row, dict):
        raise InputError(f"{place}: a JSON object was expected, found {type(row).__name__}")
    return cast("Mapping[str, Any]", row)
