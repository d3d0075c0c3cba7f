"""The values of a column as numbers: numbers standardised, names by their places in a list."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from throughtime.errors import InputError
from throughtime.files.step_settings import TargetKind

Texts = Sequence[str] | NDArray[np.object_]

MISSING = ("", "na", "n/a", "nan", "null", "none")
"""What stands, in any case, where a number is missing."""

MOST_LABELS = 20
"""Distinct whole numbers of a target that are labels; more are numbers."""


@dataclass(frozen=True)
class Coding:
    """What stands for each value of a column, learned from some of its values.

    For a name its place in `names`, and len(names) for any other; for a number, where `names` is None,
    (x - mean) / deviation; NaN for a missing value.

    Attributes:
        column: its name.
        names: the distinct values by descending frequency, ties by spelling.
        absent: the values, in lower case, that are missing.
        gaps: whether one was missing among those learned from.
    """

    column: str
    names: tuple[str, ...] | None = None
    mean: float = 0.0
    deviation: float = 1.0
    absent: tuple[str, ...] = MISSING
    gaps: bool = False

    def __str__(self) -> str:
        """Return the column and what it holds, as a note."""
        kind = "numbers" if self.names is None else f"{len(self.names):,} values"
        return f"{self.column} ({kind}{', some missing' if self.gaps else ''})"

    @property
    def size(self) -> int:
        """The number of codes of names, that of unknown ones among them; 0 for numbers."""
        return 0 if self.names is None else len(self.names) + 1

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names or ())}

    def encode(self, values: Texts) -> NDArray[np.float32]:
        """Return what stands for each value, (N,); raise InputError for text where numbers were learned."""
        codes = {value: self._code(value) for value in set(values)}
        return np.array([codes[value] for value in values], np.float32)

    def decode(self, predicted: NDArray[Any]) -> Decoded:
        """Return the likeliest labels by log probabilities (N, L), or numbers in their units from (N,)."""
        if self.names is None:
            return Decoded({"numbers": (self.mean + self.deviation * predicted).tolist()})
        labels = [self.names[place] for place in predicted.argmax(1)]
        return Decoded({"labels": labels, "probabilities": np.exp(predicted.max(1)).round(6).tolist()})

    def _code(self, value: str) -> float:
        if value.casefold() in self.absent:
            return math.nan
        if self.names is not None:
            return self._places.get(value, len(self.names))
        if (number := _number(value)) is None:
            raise InputError(
                f"column {self.column!r} holds {value!r}, where training had numbers; leave it empty where a "
                "number is missing"
            )
        return (number - self.mean) / self.deviation


@dataclass(frozen=True)
class Decoded:
    """Labels with their probabilities, or numbers: a list of each, by its name."""

    values: Mapping[str, Sequence[Any]]

    def __str__(self) -> str:
        return json.dumps(self.values, ensure_ascii=False)

    def to_json(self) -> Mapping[str, Sequence[Any]]:
        """Return the lists."""
        return self.values


def coding_of(column: str, values: Texts, min_count: int = 1) -> Coding:
    """Return the coding of an input: numbers where every value is one or is missing, else names.

    Names that occur fewer than `min_count` times are unknown.
    """
    return _of_numbers(column, values) or _of_names(column, values, min_count, ())


def coding_of_target(column: str, values: Texts, kind: TargetKind = "auto") -> Coding:
    """Return the coding of a target: labels, numbers, or what the values look like.

    Numbers with a decimal point, and more than `MOST_LABELS` distinct numbers, are numbers.

    Raises:
        InputError: there is no value, a single label, or text where `kind` is numbers.
    """
    if not any(values):
        raise InputError(f"the target {column!r} is empty in all rows; name another with --target-column")
    numbers = _of_numbers(column, values)
    if kind == "numbers" and numbers is None:
        text = next(value for value in values if value.casefold() not in MISSING and _number(value) is None)
        raise InputError(f"the target {column!r} holds {text!r}, which is not a number; use --target labels")
    if numbers is not None and (kind == "numbers" or (kind == "auto" and _vary(values))):
        return numbers
    labels = _of_names(column, values, 1, MISSING if numbers else ("",))
    if labels.names is not None and len(labels.names) == 1:
        raise InputError(
            f"the target {column!r} is {labels.names[0]!r} in all rows; expected two labels or more"
        )
    return labels


def _vary(values: Texts) -> bool:
    present = {value for value in values if value.casefold() not in MISSING}
    return len(present) > MOST_LABELS or any("." in value for value in present)


def _of_numbers(column: str, values: Texts) -> Coding | None:
    present = [value for value in values if value.casefold() not in MISSING]
    parsed = {value: _number(value) for value in set(present)}
    if not parsed or None in parsed.values():
        return None
    numbers = np.array([parsed[value] for value in present], np.float64)
    mean, deviation = float(numbers.mean()), float(numbers.std())
    return Coding(column, None, mean, deviation or 1.0, gaps=len(present) < len(values))


def _of_names(column: str, values: Texts, min_count: int, absent: tuple[str, ...]) -> Coding:
    counts = Counter(value for value in values if value.casefold() not in absent)
    kept = [name for name, count in counts.items() if count >= min_count]
    kept.sort(key=lambda name: (-counts[name], name))
    return Coding(column, tuple(kept), absent=absent, gaps=counts.total() < len(values))


def _number(value: str) -> float | None:
    """Return a finite number; None for any other text."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in value else None
