"""What every reader of files shares: rows with their places, encodings, and a report of what was skipped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeVar

from throughtime.errors import InputError
from throughtime.files.encodings import detect_encoding
from throughtime.files.lines import numbered_lines

OnBad = Literal["raise", "skip"]
Item = TypeVar("Item")


class Row(NamedTuple):
    """A row of a file: where it stands (file:line, or data set and row number) and what it holds.

    `values` are the fields of a table's row in their order, or an object's values by their names; `blanks` is
    the number of blank rows before it in its file.
    """

    place: str
    values: list[str] | Mapping[str, Any]
    blanks: int = 0


@dataclass
class ReadingReport:
    """What was read and what was skipped; complete once everything has been read.

    Attributes:
        items: documents, pairs, ... that were read; `unit` says which.
        unit: what `items` counts.
        bad: rows that could not be read.
        blank: rows without content.
        first_bad: what was wrong with the first bad rows, at most `kept`.
        notes: which columns were read, and files that were left out.
        encodings: number of files by encoding.
        kept: most entries in `first_bad`.
    """

    items: int = 0
    unit: str = "documents"
    bad: int = 0
    blank: int = 0
    first_bad: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    encodings: Counter[str] = field(default_factory=Counter[str])
    kept: int = 20

    def refuse(self, error: InputError) -> None:
        """Count a bad row, and keep its error if it is among the first."""
        self.bad += 1
        if len(self.first_bad) < self.kept:
            self.first_bad.append(str(error))

    def summary(self) -> str:
        """Return the counts as one sentence."""
        encodings = ", ".join(f"{count:,} in {name}" for name, count in self.encodings.most_common())
        files = f" (files: {encodings})" if encodings else ""
        return f"{self.items:,} {self.unit}{files}; skipped: {self.bad:,} bad rows, {self.blank:,} blank rows"


@dataclass(frozen=True)
class Reader:
    """Reads lines, and raises or reports what is wrong with them.

    Attributes:
        encoding: encoding of the files; detected for each file where None.
        on_bad: raise the error of a bad row, or skip the row and report it.
        report: receives counts, notes and errors.
    """

    encoding: str | None = None
    on_bad: OnBad = "raise"
    report: ReadingReport = field(default_factory=ReadingReport)

    def lines(self, name: str) -> Iterator[tuple[int, str]]:
        """Stream the lines of a text file, each with its number from 1; a line that is not text is bad."""
        encoding = self.encoding or detect_encoding(name)
        self.report.encodings[encoding] += 1
        return numbered_lines(name, encoding, self.bad)

    def bad(self, error: InputError) -> None:
        """Raise the error of a bad row, or report it."""
        if self.on_bad == "raise":
            raise error
        self.report.refuse(error)

    def attempt(self, make: Callable[..., Item], *arguments: Any) -> Iterator[Item]:
        """Yield what `make` returns; nothing where it raises InputError and bad rows are skipped."""
        try:
            made = make(*arguments)
        except InputError as error:
            self.bad(error)
        else:
            yield made

    def counted(self, items: Iterator[Item], unit: str, names: Sequence[str]) -> Iterator[Item]:
        """Stream items and count them as `unit`; raise InputError, which names the files, for none at all."""
        self.report.unit = unit
        empty = True
        for item in items:
            empty = False
            self.report.items += 1
            yield item
        if empty:
            reason = "".join(f" (a bad row: {error})" for error in self.report.first_bad[:1])
            raise InputError(f"no {unit} in {', '.join(names)}{reason}; expected at least one")
