"""Documents, with labels or without, from the files that people have: one at a time, never a whole file.

| path | documents |
|---|---|
| a folder of folders | each file in them, however deep; its label is the outer folder's name |
| a folder of files | each file, without a label |
| .csv, .tsv, .jsonl, hf:owner/name | each row, as `throughtime.files.rows` reads it |
| any other file | each line of plain text that is not blank, without a label |

Files may be compressed (.gz). Hidden files are left out. Which column holds the text and which the label is
settled by `throughtime.files.columns`, and in a table without a header by its shape: a single column is the
text; of two, the one that is shorter on average is the label, unless one is asked for by number: beside the
label the other is the text, and beside the text there is no label.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from throughtime.errors import InputError
from throughtime.files.columns import (
    Column,
    Columns,
    Key,
    Selection,
    find_columns,
    require_found,
    whole_characters,
)
from throughtime.files.hub import HUB_PREFIX
from throughtime.files.reading import OnBad, Reader, ReadingReport, Row
from throughtime.files.rows import READERS, ending, has_rows, read_rows, require_readable
from throughtime.settings import require

TEXT_NAMES = ("text", "document", "sentence", "message", "review", "content", "comment", "body", "tweet")
"""Usual names of a text's column; the first that is there counts."""

LABEL_NAMES = ("label", "class", "category", "target", "sentiment", "topic")
"""Usual names of a label's column likewise."""

_TEXT = Column("text", "--text-column", usual=TEXT_NAMES)
_LABEL = Column("label", "--label-column", usual=LABEL_NAMES, required=False)
_LOOKED_AT = 100  # rows read to find the columns of a table without a header


class Document(NamedTuple):
    """A text, its label or None, and its place: file:line, a file, or a row of a data set."""

    text: str
    label: str | None
    place: str = ""


@dataclass(frozen=True)
class ReadingConfig:
    """How documents are read.

    Attributes:
        text_column: column of the text, by its name or its number from 0; found by usual names unless given.
            By numbers alone a first line without the usual name of a text counts as a row.
        label_column: column of the label, by its name or its number likewise.
        encoding: encoding of the files, by a name such as cp1252; detected unless given.
        on_bad: what to do with a row that cannot be read: raise its error, or skip and report it.
    """

    text_column: str | None = None
    label_column: str | None = None
    encoding: str | None = None
    on_bad: OnBad = "raise"

    def __post_init__(self) -> None:
        """Raise InputError for a value that is not among those allowed."""
        require(self, "on_bad", self.on_bad in ("raise", "skip"), "raise or skip")

    @property
    def columns(self) -> tuple[Column, Column]:
        """The columns of text and label."""
        return replace(_TEXT, asked=self.text_column), replace(_LABEL, asked=self.label_column)


AS_FOUND = ReadingConfig()
"""Columns and encodings are detected, and the first bad row is an error."""


def read_documents(
    paths: str | Path | Sequence[str | Path],
    config: ReadingConfig = AS_FOUND,
    report: ReadingReport | None = None,
) -> Iterator[Document]:
    """Stream the documents of one path or of several, one after the other, folders in the order of names.

    Raises:
        InputError: a path does not exist (at once); or as reading comes to it, a file or a row cannot be
            read, a column does not exist or cannot be found, or there are no documents.
    """
    return _documents(paths, config, report, _labelled)


def read_texts(
    paths: str | Path | Sequence[str | Path],
    config: ReadingConfig = AS_FOUND,
    report: ReadingReport | None = None,
) -> Iterator[str]:
    """Stream the texts of documents line by line; labels are not read, so a bad label does not matter.

    Raises:
        InputError: as `read_documents` does.
    """
    documents = _documents(paths, config, report, _unlabelled)
    return chain.from_iterable(document.text.split("\n") for document in documents)


def read_lines_of_documents(
    paths: Sequence[str], config: ReadingConfig = AS_FOUND, report: ReadingReport | None = None
) -> Iterator[Iterable[str]]:
    """Stream documents as the lines that they consist of, with their ends; a text file is one document.

    The lines of a document are to be read before the next document is asked for.

    Raises:
        InputError: as `read_documents` does.
    """
    for name in paths:
        require_readable(name)
    report = report or ReadingReport()
    reader = Reader(config.encoding, config.on_bad, report)
    for name in paths:
        if name.startswith(HUB_PREFIX) or Path(name).is_dir() or has_rows(name):
            for text in (each.text for each in _documents(name, config, report, _unlabelled)):
                yield (f"{line}\n" for line in text.removesuffix("\n").split("\n"))
        else:
            report.items += 1
            yield (f"{line}\n" for _, line in reader.lines(name))


def _documents(
    paths: str | Path | Sequence[str | Path],
    config: ReadingConfig,
    report: ReadingReport | None,
    make: Callable[[Row, Columns], Document],
) -> Iterator[Document]:
    names = [str(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    if not names:
        raise InputError("no path is given; expected at least one")
    for name in names:
        require_readable(name)
    reader = Reader(config.encoding, config.on_bad, report or ReadingReport())
    source = _Source(reader, config.columns, make)
    return reader.counted(chain.from_iterable(map(source.documents, names)), "documents", names)


@dataclass(frozen=True)
class _Source:
    reader: Reader
    wanted: tuple[Column, Column]
    make: Callable[[Row, Columns], Document]

    def documents(self, name: str) -> Iterator[Document]:
        if not name.startswith(HUB_PREFIX) and Path(name).is_dir():
            self._require_no_columns(name)
            return self._folder(Path(name))
        if has_rows(name):
            selection = Selection(self.reader, self._choose, self.make, _LOOKED_AT)
            return selection.items(name, read_rows(name, self.reader))
        self._require_no_columns(name)
        return self._lines(name)

    def _require_no_columns(self, name: str) -> None:
        for column in self.wanted:
            if column.asked is not None:
                raise InputError(f"{name} has no columns; leave out {column.option} {column.asked}")

    def _choose(self, head: Sequence[Row]) -> Columns:
        columns = find_columns(head[0], self.wanted)
        if isinstance(head[0].values, list):
            columns = replace(columns, keys=_keys_by_shape(columns, head))
        require_found(head[0], columns)
        text, label = columns.keys
        if text == label:
            raise InputError(
                f"{head[0].place}: text and label are both column {text}; "
                f"choose two with {_TEXT.option} and {_LABEL.option}"
            )
        return columns

    def _lines(self, name: str) -> Iterator[Document]:
        for number, line in self.reader.lines(name):
            if line.strip():
                yield Document(line, None, f"{name}:{number}")
            else:
                self.reader.report.blank += 1

    def _folder(self, folder: Path) -> Iterator[Document]:
        inside = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        folders = [path for path in inside if path.is_dir()]
        if not folders:
            yield from self._files(folder, None)
        elif beside := len(inside) - len(folders):
            self.reader.report.notes.append(f"{folder}: left out files beside its folders: {beside:,}")
        for labelled in folders:
            yield from self._files(labelled, labelled.name)

    def _files(self, folder: Path, label: str | None) -> Iterator[Document]:
        for path in _visible_files(folder):
            name = str(path)
            if ending(name) in READERS:
                raise InputError(f"{name} is a table, where each file is one document; name the file itself")
            require_readable(name)
            for text in self.reader.attempt(self._whole, name):
                yield Document(text, label, name)

    def _whole(self, name: str) -> str:
        strict = replace(self.reader, on_bad="raise")  # a file with a bad line is a bad document
        return "\n".join(line for _, line in strict.lines(name))


def _visible_files(folder: Path) -> list[Path]:
    inside = (path for path in folder.rglob("*") if path.is_file())
    return sorted(p for p in inside if not any(part[0] == "." for part in p.relative_to(folder).parts))


def _labelled(row: Row, columns: Columns) -> Document:
    columns.require_width(row)
    label = columns.value(row, 1)
    text = columns.text(row, 0)
    key = columns.keys[1]
    return Document(text, None if key is None else _label(label, key, row.place), row.place)


def _unlabelled(row: Row, columns: Columns) -> Document:
    columns.require_width(row)
    return Document(columns.text(row, 0), None, row.place)


def _label(value: object, key: Key, place: str) -> str:
    if not isinstance(value, str | int | float):
        raise InputError(f"{place}: the label must be text or a number, found {type(value).__name__}")
    label = (value if isinstance(value, str) else json.dumps(value)).strip()
    if not label:
        raise InputError(f"{place}: the label is empty")
    return whole_characters(label, key, place)


def _keys_by_shape(columns: Columns, head: Sequence[Row]) -> tuple[Key | None, Key | None]:
    """Return the columns of text and label of a table, found by its shape where names do not tell them."""
    text, label = columns.keys
    if text is None and columns.width == 1:
        text = 0
    if text is None and columns.width == 2:
        text = _longer(head) if label is None else 1 - int(label)
    asked = columns.wanted[0].asked is not None
    if text is not None and label is None and columns.width == 2 and not (asked or columns.header):
        label = 1 - int(text)
    return text, label


def _longer(head: Sequence[Row]) -> int | None:
    """Return which of two columns holds the longer texts; None where they are as long."""
    pairs = [list(row.values) for row in head if len(row.values) == 2]
    first, second = (sum(len(pair[place]) for pair in pairs) for place in (0, 1))
    return None if first == second else int(second > first)
