"""How steps are read, which are held out, and what their values are taken for; without NumPy, for --help."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from throughtime.errors import InputError
from throughtime.files.reading import OnBad
from throughtime.settings import require

TargetKind = Literal["auto", "labels", "numbers"]


@dataclass(frozen=True)
class StepsConfig:
    """Files of steps, and how they are read.

    Attributes:
        corpus: .csv, .tsv, .jsonl (each also as .gz) or hf:OWNER/NAME, a step on each row.
        input_columns: columns of the inputs, by their names or their numbers from 0; all but those of target
            and sequence unless given.
        target_column: column of the target likewise; found by usual names unless given. By numbers alone a
            first line without the usual name of a target counts as a row.
        sequence_column: column that says which sequence a step belongs to; without it blank lines divide
            sequences.
        encoding: encoding of the files, by a name such as cp1252; detected unless given.
        on_bad: what to do with a row that cannot be read: raise its error, or skip and report it.
    """

    corpus: tuple[str, ...] = ()
    input_columns: tuple[str, ...] = ()
    target_column: str | None = None
    sequence_column: str | None = None
    encoding: str | None = None
    on_bad: OnBad = "raise"

    def __post_init__(self) -> None:
        """Raise InputError for a value that is not among those allowed."""
        require(self, "on_bad", self.on_bad in ("raise", "skip"), "raise or skip")

    def otherwise(self, other: StepsConfig) -> StepsConfig:
        """Return the same with the columns of another where none are named."""
        return replace(
            self,
            input_columns=self.input_columns or other.input_columns,
            target_column=self.target_column or other.target_column,
            sequence_column=self.sequence_column or other.sequence_column,
        )


@dataclass(frozen=True)
class HeldOutConfig:
    """What is not learned from.

    Attributes:
        validation: files to validate on, as the corpus; without them part of it is held out.
        test: files for the test that ends training, likewise.
        validation_share: share of the corpus held out for validation: its last sequences, or where there are
            fewer than ten the end of each.
        test_share: share held out for the test, behind that.
    """

    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    validation_share: float = 0.1
    test_share: float = 0.1

    def __post_init__(self) -> None:
        """Raise InputError for shares that leave nothing to learn from or to validate on."""
        require(self, "validation_share", 0 < self.validation_share < 1, "above 0 and below 1")
        require(self, "test_share", 0 <= self.test_share < 1, "0 or more and below 1")
        if self.validation_share + self.test_share >= 1:
            raise InputError("validation_share and test_share leave nothing to learn from; lower one of them")


@dataclass(frozen=True)
class CodingConfig:
    """What values are taken for.

    Attributes:
        target: labels or numbers; auto takes a target with a decimal point, or with more than 20 distinct
            numbers, for numbers.
        min_count: times that a value that is not a number must occur to be told from others.
    """

    target: TargetKind = "auto"
    min_count: int = 2

    def __post_init__(self) -> None:
        """Raise InputError for a value out of range."""
        require(self, "min_count", self.min_count >= 1, "at least 1")
