"""Inputs of `run`: lines of text, lines of JSON, and files as they are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from throughtime.errors import InputError
from throughtime.files.lines import given_lines

FEW = 64
"""Lines of standard input, or of a text, that are answered together."""

MANY = 8192
"""Lines of a file that are answered together."""


def blocks_of_text(text: str | None, file: Path | None) -> Iterator[list[str]]:
    """Yield the lines of the text, else of the file, else of standard input as they come."""
    return given_lines(text, file, FEW if file is None else MANY)


def blocks_of_json(file: Path | None) -> Iterator[list[Any]]:
    """Yield the values on the lines of the file, else of standard input; raise InputError for a bad line."""
    number = 0
    for block in blocks_of_text(None, file):
        values: list[Any] = []
        for line in block:
            number += 1
            try:
                values.append(json.loads(line))
            except ValueError as error:
                place = file or "standard input"
                raise InputError(f"{place}:{number}: {error}; expected a JSON value on each line") from error
        yield values


def blocks_of_bytes(paths: Sequence[Path]) -> Iterator[list[bytes]]:
    """Yield the content of each file; raise InputError where there is none."""
    if not paths:
        raise InputError("no file is given; expected one or more")
    for path in paths:
        try:
            yield [path.read_bytes()]
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}") from error
