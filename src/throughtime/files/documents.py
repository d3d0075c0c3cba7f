"""Documents, with labels or without, from the files that people have: one at a time, never a whole file.

What a path is read as, with or without .gz after it:
- a folder of folders: every file in them, however deep, is a document, and the outer folder's name its label;
  a folder of files alone: documents without labels. Hidden files are passed over;
- .csv (quoted as in RFC 4180) or .tsv (fields as they stand, without quotes): a document a row. The columns
  of .csv are parted by what stands in its first line outside of quotes: a comma, else a semicolon, as in
  countries where the comma is in numbers, else a tab;
- .jsonl: an object a line; hf:owner/name: the rows of a Hugging Face data set. A .json is refused;
- any other file: plain text, a document a line, without labels. Blank lines are none.
A field of CSV holds at most csv.field_size_limit() characters, 131,072 unless that is set.

Encodings are found out as `throughtime.files.encodings` tells; the report says which were found.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

from throughtime.errors import InputError
from throughtime.files.columns import Columns, Keys, keys_of, table_columns
from throughtime.files.encodings import detect_encoding
from throughtime.files.lines import HUB_PREFIX, hub_rows, json_object, numbered_lines
from throughtime.settings import require

_LOOKED_AT = 100  # rows that columns are told by
_TABLES = (".csv", ".tsv", ".jsonl")
_DELIMITERS = (",", ";", "\t")
_QUOTED = re.compile(r'"(?:[^"]|"")*"?')

Record = tuple[str, Mapping[str, Any]]
"""Where a row stands, and its values by name."""

Made = TypeVar("Made")


class Document(NamedTuple):
    """A text, its label, None where there is none, and its place: file:line, a file, or whose text it is."""

    text: str
    label: str | None
    place: str = ""


@dataclass(frozen=True)
class ReadingConfig:
    """How documents are read.

    Attributes:
        text_column: column of the text, by its name or its number from 0; found out by usual names unless
            given. By numbers alone a first line without the usual name of a text counts as a row.
        label_column: column of the label, by its name or its number likewise.
        encoding: encoding of the files, by a name such as cp1252; found out unless given.
        on_bad: what to do about a row that cannot be read: raise, or skip it and report it.
    """

    text_column: str | None = None
    label_column: str | None = None
    encoding: str | None = None
    on_bad: Literal["raise", "skip"] = "raise"

    def __post_init__(self) -> None:
        """Raises InputError where a value is none of those that there are."""
        require(self, "on_bad", self.on_bad in ("raise", "skip"), "raise or skip")


AS_FOUND = ReadingConfig()
"""Columns and encodings are found out, and the first bad row is an error."""


@dataclass
class ReadingReport:
    """What a reading came upon; complete once all documents have been read.

    `notes` tell what was found out about columns and what was left out, `encodings` how many files were read
    in which encoding, `first_bad` what was wrong with the first bad rows, at most `kept` of all `bad` ones.
    """

    documents: int = 0
    bad: int = 0
    first_bad: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    encodings: Counter[str] = field(default_factory=Counter[str])
    kept: int = 20

    def refuse(self, error: InputError) -> None:
        """Count a bad row, and keep what is wrong with it if it is one of the first."""
        self.bad += 1
        if len(self.first_bad) < self.kept:
            self.first_bad.append(str(error))

    def summary(self) -> str:
        """Return the counts as one sentence."""
        encodings = ", ".join(f"{count:,} in {name}" for name, count in self.encodings.most_common())
        files = f" (files: {encodings})" if encodings else ""
        return f"{self.documents:,} documents{files}, {self.bad:,} bad rows passed over"


def read_documents(
    paths: str | Path | Sequence[str | Path],
    config: ReadingConfig = AS_FOUND,
    report: ReadingReport | None = None,
) -> Iterator[Document]:
    """Stream the documents of one path or of several, one after the other, folders in the order of names.

    Raises InputError at once for a path that does not exist, and as reading comes to it for a file or a row
    that cannot be read (file and line are named), for columns that are not there or cannot be told, and for
    paths without any document.
    """
    return _Reading(config, report or ReadingReport()).documents(_names(paths))


def read_texts(
    paths: str | Path | Sequence[str | Path],
    config: ReadingConfig = AS_FOUND,
    report: ReadingReport | None = None,
) -> Iterator[str]:
    """Stream the texts of documents line by line, whatever their labels are; raises as `read_documents` does.

    A row whose label alone is bad is none that cannot be read.
    """
    return _Reading(config, report or ReadingReport(), labelled=False).lines(_names(paths))


def _names(paths: str | Path | Sequence[str | Path]) -> list[str]:
    names = [str(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    for name in names:
        if not name.startswith(HUB_PREFIX) and not Path(name).exists():
            raise InputError(f"{name} does not exist")
        _refuse_json(name)
    return names


def _refuse_json(name: str) -> None:
    if _kind(Path(name)) == ".json" and not name.startswith(HUB_PREFIX) and not Path(name).is_dir():
        raise InputError(f"{name} is one piece of JSON; expected .jsonl, which has an object on each line")


@dataclass(frozen=True)
class _Reading:
    config: ReadingConfig
    report: ReadingReport
    labelled: bool = True

    def lines(self, names: Sequence[str]) -> Iterator[str]:
        for document in self.documents(names):
            yield from document.text.split("\n")

    def documents(self, names: Sequence[str]) -> Iterator[Document]:
        empty = True
        for document in chain.from_iterable(map(self._of, names)):
            empty = False
            self.report.documents += 1
            yield document
        if empty:
            wrong = "".join(f" (a bad row: {told})" for told in self.report.first_bad[:1])
            raise InputError(f"no document in {', '.join(names) or 'no path'}{wrong}; expected at least one")

    def _of(self, name: str) -> Iterator[Document]:
        if name.startswith(HUB_PREFIX):
            return self._records(_rows_of_hub(name))
        if Path(name).is_dir():
            return self._without_columns(name, self._folder(Path(name)))
        match _kind(Path(name)):
            case ".csv":
                return self._table(name, self._csv(name))
            case ".tsv":
                return self._table(name, self._tsv(name))
            case ".jsonl":
                return self._records(self._json(name))
            case _:
                return self._without_columns(name, self._plain(name))

    def _without_columns(self, name: str, documents: Iterator[Document]) -> Iterator[Document]:
        for asked in self._asked:
            if asked is not None:
                raise InputError(f"{name} has no columns, but {asked!r} was asked for; expected a table")
        return documents

    def _bad(self, error: InputError) -> None:
        if self.config.on_bad == "raise":
            raise error
        self.report.refuse(error)

    def _made(self, make: Callable[..., Made], *given: Any) -> Iterator[Made]:
        """What a row gives: one thing, or nothing where it is bad."""
        try:
            made = make(*given)
        except InputError as error:
            self._bad(error)
        else:
            yield made

    def _lines(self, name: str) -> Iterator[tuple[int, str]]:
        return numbered_lines(name, self._encoding(name), self._bad)

    def _encoding(self, name: str) -> str:
        encoding = self.config.encoding or detect_encoding(name)
        self.report.encodings[encoding] += 1
        return encoding

    def _plain(self, name: str) -> Iterator[Document]:
        return (
            Document(line, None, f"{name}:{number}") for number, line in self._lines(name) if line.strip()
        )

    def _folder(self, folder: Path) -> Iterator[Document]:
        inside = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        folders = [path for path in inside if path.is_dir()]
        if not folders:
            yield from self._files(folder, None)
        elif beside := len(inside) - len(folders):
            self.report.notes.append(f"{folder}: left out {beside} files that are in none of its folders")
        for labelled in folders:
            yield from self._files(labelled, labelled.name)

    def _files(self, folder: Path, label: str | None) -> Iterator[Document]:
        for path in _visible_files(folder):
            if _kind(path) in _TABLES:
                raise InputError(f"{path} is a table, where each file is one document; name the file itself")
            _refuse_json(str(path))
            for text in self._made(self._whole, str(path)):
                yield Document(text, label, str(path))

    def _whole(self, name: str) -> str:
        return "\n".join(line for _, line in numbered_lines(name, self._encoding(name)))

    def _csv(self, name: str) -> Iterator[tuple[int, list[str]]]:
        numbered = self._lines(name)
        first = list(_up_to_text(numbered))
        lines = _Counted(chain(first, numbered))
        rows = csv.reader(lines, strict=True, delimiter=self._delimiter(name, first))
        while True:
            start = lines.number + 1
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                self._bad(InputError(f"{name}:{start}: not a row of CSV ({error})"))
            else:
                yield start, row

    def _delimiter(self, name: str, first: Sequence[tuple[int, str]]) -> str:
        bare = _QUOTED.sub("", first[-1][1]) if first else ""
        found = next((one for one in _DELIMITERS if one in bare), ",")
        if found != ",":
            self.report.notes.append(f"{name}: columns are parted by {found!r}")
        return found

    def _tsv(self, name: str) -> Iterator[tuple[int, list[str]]]:
        return ((number, line.split("\t")) for number, line in self._lines(name) if line)

    def _table(self, name: str, rows: Iterator[tuple[int, list[str]]]) -> Iterator[Document]:
        rows = ((number, row) for number, row in rows if row)
        first = list(islice(rows, _LOOKED_AT))
        if not first:
            return
        columns = table_columns([row for _, row in first], *self._asked, name)
        self.report.notes.append(f"{name}: {columns}")
        if not self.labelled:
            columns = replace(columns, label=None)
        for number, row in chain(first[columns.header :], rows):
            yield from self._made(_of_row, row, columns, f"{name}:{number}")

    def _json(self, name: str) -> Iterator[Record]:
        for number, line in self._lines(name):
            where = f"{name}:{number}"
            if line.strip():
                yield from ((where, row) for row in self._made(json_object, line, where))

    def _records(self, records: Iterator[Record]) -> Iterator[Document]:
        """Rows of names and values; the first that has a text settles which those of all others are."""
        keys: list[Keys] = []
        for where, row in records:
            if not keys:
                keys += self._made(keys_of, row, *self._asked, where)
            for of_text, of_label in keys:
                yield from self._made(_of_record, row, of_text, of_label if self.labelled else None, where)

    @property
    def _asked(self) -> tuple[str | None, str | None]:
        return self.config.text_column, self.config.label_column


def _up_to_text(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The blank lines at the beginning, and the first that is not blank."""
    for number, line in lines:
        yield number, line
        if line:
            return


class _Counted:
    """Lines with their ends, and the number of the last one given."""

    def __init__(self, lines: Iterator[tuple[int, str]]) -> None:
        self.number = 0
        self._lines = lines

    def __iter__(self) -> _Counted:
        return self

    def __next__(self) -> str:
        self.number, line = next(self._lines)
        return f"{line}\n"


def _kind(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).suffix.lower()


def _visible_files(folder: Path) -> list[Path]:
    inside = (path for path in folder.rglob("*") if path.is_file())
    return sorted(p for p in inside if not any(part[0] == "." for part in p.relative_to(folder).parts))


def _rows_of_hub(name: str) -> Iterator[Record]:
    return ((f"{name}, row {number}", row) for number, row in enumerate(hub_rows(name), 1))


def _of_row(row: Sequence[str], columns: Columns, where: str) -> Document:
    if len(row) != columns.width:
        raise InputError(
            f"{where}: {len(row)} columns found; {columns.width} were expected, as in the first row"
        )
    label = None if columns.label is None else _label(row[columns.label], columns.label, where)
    return Document(row[columns.text], label, where)


def _of_record(row: Mapping[str, Any], of_text: str, of_label: str | None, where: str) -> Document:
    for key in (of_text, of_label):
        if key is not None and key not in row:
            raise InputError(f"{where}: no {key!r}; it was expected in every row")
    text = row[of_text]
    if not isinstance(text, str):
        raise InputError(f"{where}: {of_text!r} must be text, found {type(text).__name__}")
    label = None if of_label is None else _label(row[of_label], of_label, where)
    return Document(_whole_characters(text, of_text, where), label, where)


def _label(value: object, column: str | int, where: str) -> str:
    if not isinstance(value, str | int | float):
        raise InputError(f"{where}: the label must be text or a number, found {type(value).__name__}")
    label = (value if isinstance(value, str) else json.dumps(value)).strip()
    if not label:
        raise InputError(f"{where}: the label is empty")
    return _whole_characters(label, column, where)


def _whole_characters(text: str, column: str | int, where: str) -> str:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InputError(f"{where}: {column!r} holds half of a surrogate pair, which is not text")
    return text
