"""Lines in, translations out: a sentence, a file, or standard input as it arrives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count, islice, repeat
from pathlib import Path

from throughtime.errors import InputError
from throughtime.files.lines import read_lines
from throughtime.seq2seq.formats import Writer
from throughtime.seq2seq.pipeline import Pipeline

Prefixes = str | Iterable[str]
"""One for all lines, or one for each."""


def translate(
    pipeline: Pipeline, blocks: Iterable[list[str]], write: Writer, prefixes: Prefixes = ""
) -> Iterator[list[str]]:
    """Yield the lines to print for each block: for each line those that `write` makes of its candidates.

    prefixes: the beginnings of the translations, one for all lines or one for each.

    Raises InputError if their number differs from that of the lines.
    """
    number = 0
    remaining = repeat(prefixes) if isinstance(prefixes, str) else iter(prefixes)
    for block in blocks:
        own = list(islice(remaining, len(block)))
        if len(own) < len(block):
            raise InputError(
                f"there are {number + len(own):,} prefixes, but more lines: give one prefix for each line"
            )
        numbered = zip(count(number), block, pipeline.lines(block, prefixes=own), strict=False)
        yield [row for place, line, candidates in numbered for row in write(place, line, candidates)]
        number += len(block)
    if not isinstance(prefixes, str) and next(remaining, None) is not None:
        raise InputError(f"there are more prefixes than the {number:,} lines: give one prefix for each line")


def prefixes_of(text: str | None, file: Path | None) -> Prefixes:
    """Return the prefix or prefixes of the translations: the text, the lines of the file, or nothing.

    Raises InputError if both are named.
    """
    if text is not None and file is not None:
        raise InputError("prefix and prefixes are both given: leave out one of them")
    return read_lines(file) if file is not None else text or ""
