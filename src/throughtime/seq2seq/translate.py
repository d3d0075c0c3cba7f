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
from throughtime.seq2seq.run import LINES_TOGETHER, NO_PREFIXES, Pipeline

TOGETHER = 64
"""Lines of standard input, or of a text, that are translated, and their translations printed, together."""

READ_AT_ONCE = 65_536
"""Bytes at most of what has come in on standard input."""


def translate(
    pipeline: Pipeline, blocks: Iterable[list[str]], write: Writer, prefixes: Iterable[str] = NO_PREFIXES
) -> Iterator[list[str]]:
    """What to print for each block: of each line what `write` makes of its candidates.

    prefixes: what the translations begin with, one for each line.
    """
    number, told = count(), iter(prefixes)
    for block in blocks:
        found = zip(block, pipeline.lines(block, prefixes=islice(told, len(block))), strict=True)
        yield [row for line, candidates in found for row in write(next(number), line, candidates)]


def prefixes_of(text: str | None, file: Path | None) -> Iterable[str]:
    """What each line's translation begins with: the text, or the line of the file, or nothing.

    Raises InputError where both are given, or the file ends before the lines do.
    """
    if text is not None and file is not None:
        raise InputError("prefix and prefixes are both given; expected one for all lines or one for each")
    return _lines_of(file) if file is not None else repeat(text or "")


def _lines_of(file: Path) -> Iterator[str]:
    number = 0
    for number, line in enumerate(read_lines(file), 1):  # noqa: B007 it is told when they end
        yield line
    raise InputError(f"{file} has {number:,} lines, but more are translated; expected a prefix for each")


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
