"""Lines in, translations out: a sentence, a file, or standard input as it comes."""

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
