"""Lines in, translations out: a sentence, a file, or standard input as it comes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from io import BufferedReader
from itertools import count, islice, repeat
from pathlib import Path
from typing import cast

from throughtime.errors import InputError
from throughtime.seq2seq.data.readers import read_lines
from throughtime.seq2seq.formats import Writer
from throughtime.seq2seq.run import LINES_TOGETHER, Pipeline

TOGETHER = 64
"""Lines of standard input, or of a text, that are translated, and their translations printed, together."""

Prefixes = str | Iterable[str]
"""One for all lines, or one for each."""

READ_AT_ONCE = 65_536
"""Bytes at most of what has come in on standard input."""


def translate(
    pipeline: Pipeline, blocks: Iterable[list[str]], write: Writer, prefixes: Prefixes = ""
) -> Iterator[list[str]]:
    """What to print for each block: of each line what `write` makes of its candidates.

    prefixes: what the translations begin with, one for all lines or one for each. Raises InputError where
    there are fewer or more of them than lines.
    """
    number = 0
    told = repeat(prefixes) if isinstance(prefixes, str) else iter(prefixes)
    for block in blocks:
        own = list(islice(told, len(block)))
        if len(own) < len(block):
            raise InputError(
                f"there are {number + len(own):,} prefixes, but more lines than that; expected one for each"
            )
        found = zip(count(number), block, pipeline.lines(block, prefixes=own), strict=False)
        yield [row for place, line, candidates in found for row in write(place, line, candidates)]
        number += len(block)
    if not isinstance(prefixes, str) and next(told, None) is not None:
        raise InputError(f"there are more prefixes than the {number:,} lines; expected one for each")


def prefixes_of(text: str | None, file: Path | None) -> Prefixes:
    """What each line's translation begins with: the text, or the line of the file, or nothing.

    Raises InputError where both are given.
    """
    if text is not None and file is not None:
        raise InputError("prefix and prefixes are both given; expected one for all lines or one for each")
    return read_lines(file) if file is not None else text or ""


def blocks_of(text: str | None, file: Path | None) -> Iterator[list[str]]:
    """The lines to translate: of the text, else of the file, else of standard input."""
    if text is not None:
        return _blocks(text.split("\n"))
    return _blocks(read_lines(file), LINES_TOGETHER) if file is not None else standard_input()


def standard_input() -> Iterator[list[str]]:
    """The lines of standard input as they come: none waits for one that is not there yet.

    Bytes that are not UTF-8 become U+FFFD: every line has its answer.
    """
    incoming, rest = cast(BufferedReader, sys.stdin.buffer), b""
    while arrived := incoming.read1(READ_AT_ONCE):
        *lines, rest = (rest + arrived).split(b"\n")
        yield from _blocks(map(_decoded, lines))
    if rest:
        yield [_decoded(rest)]


def _decoded(line: bytes) -> str:
    return line.decode("utf-8", "replace").removesuffix("\r")


def _blocks(lines: Iterable[str], together: int = TOGETHER) -> Iterator[list[str]]:
    waiting = iter(lines)
    while block := list(islice(waiting, together)):
        yield block
