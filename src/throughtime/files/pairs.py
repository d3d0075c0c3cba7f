"""Pairs of sentences from the files that people have, one at a time. Columns are counted from 0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, cast

from throughtime.errors import InputError
from throughtime.files.lines import HUB_PREFIX, hub_rows, json_object, read_lines


class Pair(NamedTuple):
    """One sentence and its translation."""

    src: str
    tgt: str


def read_pairs(
    paths: Sequence[str | Path], columns: tuple[str, str] | None = None, limit: int | None = None
) -> Iterator[Pair]:
    """Stream the pairs of two parallel text files, of one .tsv or .jsonl file, or of a Hugging Face data set.

    Every file may be gzip-compressed (.gz). `columns` are two column numbers of a TSV ("0" and "1" unless
    given), or two keys of a JSONL or hub data set ("src" and "tgt" unless given), in the row or in its
    "translation". A hub data set is written hf:owner/name, hf:owner/name:split or
    hf:owner/name:configuration:split; its split is "train" unless given.
    Raises InputError for what cannot be read, when the reading comes to it, and for a corpus without a pair.
    """
    names = [str(path) for path in paths]
    if limit is not None and limit < 1:
        raise InputError(f"limit is {limit}; it must be at least 1")
    for name in names:
        _check_exists(name)
    return _not_empty(islice(_pairs_of(names, columns), limit), names)


def _pairs_of(names: list[str], columns: tuple[str, str] | None) -> Iterator[Pair]:
    match names:
        case [src, tgt]:
            return _parallel(src, tgt, columns)
        case [name] if name.startswith(HUB_PREFIX):
            return _hub(name, columns)
        case [name]:
            return _single_file(name, columns)
        case _:
            raise InputError(
                f"a corpus is one path or two parallel text files; {len(names)} paths were given"
            )


def _single_file(name: str, columns: tuple[str, str] | None) -> Iterator[Pair]:
    match Path(name.removesuffix(".gz")).suffix:
        case ".tsv":
            return _tsv(name, columns or ("0", "1"))
        case ".jsonl":
            return _jsonl(name, columns)
        case _:
            raise InputError(
                f"{name} is neither .tsv nor .jsonl (.gz may follow); plain text needs two paths"
            )


def _check_exists(name: str) -> None:
    if name.startswith(HUB_PREFIX):
        return
    if Path(name).is_dir():
        raise InputError(f"{name} is a directory; a file was expected")
    if not Path(name).exists():
        raise InputError(f"{name} does not exist")


def _not_empty(pairs: Iterator[Pair], names: list[str]) -> Iterator[Pair]:
    empty = True
    for pair in pairs:
        empty = False
        yield pair
    if empty:
        verb = "is" if len(names) == 1 else "are"
        raise InputError(f"{' and '.join(names)} {verb} empty; at least one pair of sentences was expected")


def _parallel(src: str, tgt: str, columns: tuple[str, str] | None) -> Iterator[Pair]:
    for name in (src, tgt):
        if name.startswith(HUB_PREFIX):
            raise InputError(f"{name} is a data set of pairs; it must be the only path")
    if columns is not None:
        raise InputError("columns cannot be given with two parallel text files")
    return _zipped(src, tgt)


def _zipped(src: str, tgt: str) -> Iterator[Pair]:
    sources, targets = read_lines(src), read_lines(tgt)
    count = 0
    for source in sources:
        target = next(targets, None)
        if target is None:
            raise _unequal(src, count + 1 + _rest(sources), tgt, count)
        count += 1
        yield Pair(source, target)
    rest = _rest(targets)
    if rest:
        raise _unequal(src, count, tgt, count + rest)


def _rest(lines: Iterator[str]) -> int:
    return sum(1 for _ in lines)


def _unequal(src: str, src_count: int, tgt: str, tgt_count: int) -> InputError:
    return InputError(
        f"{src} has {_lines(src_count)} and {tgt} has {_lines(tgt_count)}; parallel files must have as many"
    )


def _lines(count: int) -> str:
    return f"{count} line" if count == 1 else f"{count} lines"


def _tsv(name: str, columns: tuple[str, str]) -> Iterator[Pair]:
    for column in columns:
        if not (column.isascii() and column.isdigit()):
            raise InputError(f"column {column!r} of a TSV file must be a number, counted from 0")
    return _tsv_rows(name, int(columns[0]), int(columns[1]))


def _tsv_rows(name: str, src: int, tgt: int) -> Iterator[Pair]:
    needed = max(src, tgt) + 1
    for number, line in enumerate(read_lines(name), 1):
        fields = line.split("\t")
        if len(fields) < needed:
            found = "1 column" if len(fields) == 1 else f"{len(fields)} columns"
            raise InputError(
                f"{name}:{number}: {found} found, separated by tabs; at least {needed} were expected"
            )
        yield Pair(fields[src], fields[tgt])


def _jsonl(name: str, columns: tuple[str, str] | None) -> Iterator[Pair]:
    for number, line in enumerate(read_lines(name), 1):
        if line.strip():
            yield _pair_in(json_object(line, f"{name}:{number}"), columns, f"{name}:{number}")


def _pair_in(row: Mapping[str, Any], columns: tuple[str, str] | None, where: str) -> Pair:
    nested = row.get("translation")
    fields = cast("Mapping[str, Any]", nested) if isinstance(nested, Mapping) else row
    src, tgt = columns or ("src", "tgt")
    return Pair(_field(fields, src, where), _field(fields, tgt, where))


def _field(fields: Mapping[str, Any], key: str, where: str) -> str:
    if key not in fields:
        found = ", ".join(map(repr, fields)) or "none"
        raise InputError(f"{where}: no key {key!r}; keys found: {found} (choose two by columns)")
    text = fields[key]
    if not isinstance(text, str):
        raise InputError(f"{where}: {key!r} must be text, found {type(text).__name__}")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InputError(f"{where}: {key!r} holds half of a surrogate pair, which is not text")
    return text


def _hub(name: str, columns: tuple[str, str] | None) -> Iterator[Pair]:
    rows = hub_rows(name)
    return (_pair_in(row, columns, f"{name}, row {number}") for number, row in enumerate(rows, 1))
