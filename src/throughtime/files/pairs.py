"""Pairs of sentences, from two parallel text files or from two columns of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, cast

from throughtime.errors import InputError
from throughtime.files.columns import Column, Columns, Selection, find_columns, require_found
from throughtime.files.hub import HUB_PREFIX
from throughtime.files.reading import Reader, ReadingReport, Row
from throughtime.files.rows import has_rows, read_rows, require_readable

_OPTION = "--columns"
_SRC = Column("source", _OPTION, usual=("src",), place=0)
_TGT = Column("target", _OPTION, usual=("tgt",), place=1)


class Pair(NamedTuple):
    """One sentence and its translation."""

    src: str
    tgt: str


def read_pairs(
    paths: Sequence[str | Path],
    columns: tuple[str, str] | None = None,
    limit: int | None = None,
    report: ReadingReport | None = None,
) -> Iterator[Pair]:
    """Stream pairs of sentences, read as UTF-8.

    Args:
        paths: two parallel text files, or one .csv, .tsv, .jsonl (each also as .gz) or hf:owner/name.
        columns: source and target column, each by its name or its number from 0; "src" and "tgt" unless
            given, or the first two of a table without these names. Objects may hold them in "translation".
        limit: most pairs that are read.
        report: receives counts and notes.

    Raises:
        InputError: as reading comes to it: a path or a row cannot be read, a column does not exist, or there
            are no pairs. A limit or a path that cannot be is refused at once.
    """
    names = [str(path) for path in paths]
    if limit is not None and limit < 1:
        raise InputError(f"limit is {limit}; it must be at least 1")
    for name in names:
        _require_file(name)
    reader = Reader(encoding="utf-8", report=report or ReadingReport())
    pairs = islice(_pairs_of(names, columns, reader), limit)
    return reader.counted(pairs, "pairs", names)


def _require_file(name: str) -> None:
    if not name.startswith(HUB_PREFIX) and Path(name).is_dir():
        raise InputError(f"{name} is a directory; a file was expected")
    require_readable(name)


def _pairs_of(names: list[str], columns: tuple[str, str] | None, reader: Reader) -> Iterator[Pair]:
    match names:
        case [src, tgt]:
            return _parallel(src, tgt, columns, reader)
        case [name] if has_rows(name):
            return _of_rows(name, columns, reader)
        case [name]:
            raise InputError(
                f"{name} is not .csv, .tsv or .jsonl (.gz may follow); plain text needs two paths"
            )
        case _:
            raise InputError(
                f"a corpus is one path or two parallel text files; {len(names)} paths were given"
            )


def _of_rows(name: str, columns: tuple[str, str] | None, reader: Reader) -> Iterator[Pair]:
    src, tgt = columns or (None, None)
    wanted = replace(_SRC, asked=src), replace(_TGT, asked=tgt)
    selection = Selection(reader, partial(_choose, wanted=wanted), _pair)
    return selection.items(name, map(_without_nesting, read_rows(name, reader)))


def _choose(head: Sequence[Row], wanted: Sequence[Column]) -> Columns:
    columns = find_columns(head[0], wanted)
    require_found(head[0], columns)
    return columns


def _without_nesting(row: Row) -> Row:
    """Return the row that is an object's "translation", as data sets of the hub have it."""
    if isinstance(row.values, list):
        return row
    nested = row.values.get("translation")
    return Row(row.place, cast("Mapping[str, Any]", nested)) if isinstance(nested, Mapping) else row


def _pair(row: Row, columns: Columns) -> Pair:
    return Pair(columns.text(row, 0), columns.text(row, 1))


def _parallel(src: str, tgt: str, columns: tuple[str, str] | None, reader: Reader) -> Iterator[Pair]:
    for name in (src, tgt):
        if name.startswith(HUB_PREFIX):
            raise InputError(f"{name} is a data set of pairs; it must be the only path")
    if columns is not None:
        raise InputError("columns cannot be given with two parallel text files")
    return _zipped(src, tgt, reader)


def _zipped(src: str, tgt: str, reader: Reader) -> Iterator[Pair]:
    sources, targets = reader.lines(src), reader.lines(tgt)
    count = 0
    for _, source in sources:
        target = next(targets, None)
        if target is None:
            raise _unequal(src, count + 1 + _rest(sources), tgt, count)
        count += 1
        yield Pair(source, target[1])
    if rest := _rest(targets):
        raise _unequal(src, count, tgt, count + rest)


def _rest(lines: Iterator[object]) -> int:
    return sum(1 for _ in lines)


def _unequal(src: str, src_count: int, tgt: str, tgt_count: int) -> InputError:
    counts = f"{src} has {_lines(src_count)} and {tgt} has {_lines(tgt_count)}"
    return InputError(f"{counts}; parallel files need the same number")


def _lines(count: int) -> str:
    return f"{count} line" if count == 1 else f"{count} lines"
