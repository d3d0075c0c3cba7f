"""Sequences of steps from the rows of files: each row is a step.

The rows with the same value in a column of the user's choice are one sequence, wherever they stand; without
such a column rows between two blank lines are. A file with neither is one sequence, and none goes beyond a
file. Which column holds what is settled by `throughtime.files.columns`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

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
from throughtime.files.reading import Reader, ReadingReport, Row
from throughtime.files.rows import has_rows, read_rows, require_readable
from throughtime.files.step_settings import HeldOutConfig, StepsConfig

TARGET_NAMES = ("label", "tag", "target", "y", "class")
"""Usual names of a target's column; the first that is there counts."""

FEW = 10
"""Sequences from which on whole ones are held out; of fewer, the end of each."""

PARTS = ("train", "validation", "test")

Texts = NDArray[np.object_]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Steps:
    """Sequences one behind the other, their values as text.

    Attributes:
        inputs: by the name of each column its values, (N,).
        targets: the values of the target, (N,).
        sequences: number of each step's sequence, (N,), ascending.
        columns: the names of the columns.
    """

    inputs: Mapping[str, Texts]
    targets: Texts
    sequences: Places
    columns: StepsConfig

    def __len__(self) -> int:
        return len(self.sequences)

    @property
    def ends(self) -> Places:
        """The place behind the last step of each sequence, (S,)."""
        return np.flatnonzero(np.diff(self.sequences, append=-1)) + 1

    def __getitem__(self, places: NDArray[Any]) -> Steps:
        """Return some of the steps."""
        inputs = {name: values[places] for name, values in self.inputs.items()}
        return Steps(inputs, self.targets[places], self.sequences[places], self.columns)


def read_steps(config: StepsConfig, report: ReadingReport | None = None) -> Steps:
    """Read the steps of all files.

    Raises:
        InputError: a path or a row cannot be read, a column does not exist or cannot be found, or there are
            no steps.
    """
    paths = config.corpus
    if not paths:
        raise InputError("no corpus is given; name files that have a step on each row with --corpus")
    for name in paths:
        require_readable(name)
        if not has_rows(name):
            raise InputError(
                f"{name} is not .csv, .tsv or .jsonl (.gz may follow), which have a step on each row"
            )
    reader = Reader(config.encoding, config.on_bad, report or ReadingReport())
    source = _Source(config, reader)
    numbers, values = dict[Any, int](), list[list[str]]()
    sequences: list[int] = []
    for step in reader.counted(chain.from_iterable(map(source.steps, paths)), "steps", paths):
        sequences.append(numbers.setdefault(step.sequence, len(numbers)))
        values = values or [[] for _ in step.values]
        for column, value in zip(values, step.values, strict=True):
            column.append(value)
    order = np.argsort(sequences, kind="stable")
    target, *inputs = (np.array(column, np.object_)[order] for column in values)
    name, *names = source.names
    columns = StepsConfig((), tuple(names), name, config.sequence_column)
    return Steps(dict(zip(names, inputs, strict=True)), target, np.array(sequences)[order], columns)


def read_parts(
    config: StepsConfig, held: HeldOutConfig, report: ReadingReport | None = None
) -> dict[str, Steps]:
    """Read the steps to learn from, `train`, and those that are held out, `validation` and `test`.

    A part may be empty. Raises InputError as `read_steps` does.
    """
    corpus = read_steps(config, report)
    shares = 0 if held.validation else held.validation_share, 0 if held.test else held.test_share
    parts = _divided(corpus, shares)
    for part, paths in (("validation", held.validation), ("test", held.test)):
        if paths:
            parts[part] = read_steps(replace(config.otherwise(corpus.columns), corpus=paths), report)
    return parts


def _divided(steps: Steps, shares: tuple[float, float]) -> dict[str, Steps]:
    """Hold out the last sequences, or the end of each of a few."""
    lengths = np.diff(steps.ends, prepend=0)
    if len(lengths) >= FEW:
        place = (np.repeat(np.arange(len(lengths)), lengths) + 0.5) / len(lengths)
    else:
        place = np.concatenate([(np.arange(length) + 0.5) / length for length in lengths])
    part = np.searchsorted([1 - sum(shares), 1 - shares[1]], place)
    return {name: steps[part == number] for number, name in enumerate(PARTS)}


def steps_of_json(sequences: Sequence[Any], columns: StepsConfig) -> Steps:
    """Return sequences as JSON has them, each a list of steps, without targets.

    A step is an object of the columns, a list of their values, or the value of the only column.

    Raises:
        InputError: there is no sequence, one has no steps, or a step lacks a column.
    """
    if not sequences:
        raise InputError("there is no sequence; expected one or more")
    names = columns.input_columns
    rows = [
        _values(step, names, f"step {number}")
        for sequence in sequences
        for number, step in enumerate(_require_list(sequence, names), 1)
    ]
    inputs = np.array(rows, np.object_).reshape(len(rows), len(names)).T
    numbers = np.repeat(np.arange(len(sequences)), [len(sequence) for sequence in sequences])
    nothing = np.full(len(rows), "", np.object_)
    return Steps(dict(zip(names, inputs, strict=True)), nothing, numbers, columns)


def _require_list(sequence: Any, names: Sequence[str]) -> list[Any]:
    if not isinstance(sequence, list) or not sequence:
        found = "no step" if sequence == [] else type(sequence).__name__
        raise InputError(
            f"a sequence is a list of steps, each an object of {', '.join(names)}; found {found}"
        )
    return cast("list[Any]", sequence)


def _values(step: Any, names: Sequence[str], place: str) -> list[str]:
    if isinstance(step, Mapping):
        if absent := [name for name in names if name not in step]:
            raise InputError(f"{place}: no column {absent[0]!r}; expected {', '.join(names)}")
        values = [step[name] for name in names]
    else:
        values: list[Any] = step if isinstance(step, list) else [step]
    if len(values) != len(names):
        raise InputError(f"{place}: {len(values)} values; expected {len(names)}: {', '.join(names)}")
    return [_text(value, name, place) for value, name in zip(values, names, strict=True)]


class _Step(NamedTuple):
    sequence: Any
    values: list[str]  # the target, then the inputs


@dataclass(frozen=True)
class _Source:
    config: StepsConfig
    reader: Reader
    names: list[str] = field(default_factory=list[str])  # of target and inputs, in the first file

    def steps(self, name: str) -> Iterator[_Step]:
        selection = Selection(self.reader, self._choose, partial(self._step, name))
        return selection.items(name, read_rows(name, self.reader))

    def _step(self, name: str, row: Row, columns: Columns) -> _Step:
        columns.require_width(row)
        target, sequence, *inputs = (
            _text(columns.value(row, place), key, row.place) for place, key in enumerate(columns.keys)
        )
        return _Step((name, row.blanks if columns.keys[1] is None else sequence), [target, *inputs])

    def _choose(self, head: Sequence[Row]) -> Columns:
        first, config = head[0], self.config
        asked = self.names[1:] or config.input_columns
        target = config.target_column or next(iter(self.names), None)
        wanted = [
            Column("target", "--target-column", target, TARGET_NAMES),
            Column("sequence", "--sequence-column", config.sequence_column, required=False),
            *(Column("input", "--input-columns", name, required=False) for name in asked),
        ]
        columns = find_columns(first, wanted)
        require_found(first, columns)
        if not asked:
            columns = _with_all_others(first, columns)
        _require_inputs(first, columns)
        if not self.names:
            self.names.extend(_name(key, first, columns) for key in (columns.keys[0], *columns.keys[2:]))
        return columns


def _with_all_others(first: Row, columns: Columns) -> Columns:
    keys: Sequence[Key] = range(columns.width) if isinstance(first.values, list) else list(first.values)
    others = tuple(key for key in keys if key not in columns.keys)
    inputs = (Column("input", "--input-columns", required=False),) * len(others)
    return Columns(columns.wanted + inputs, columns.keys + others, columns.width, columns.header)


def _require_inputs(first: Row, columns: Columns) -> None:
    target, _, *inputs = columns.keys
    name = _name(target, first, columns)
    if not inputs:
        raise InputError(
            f"{first.place}: there is no input beside the target {name!r}; expected a column more"
        )
    if target in inputs:
        raise InputError(f"{first.place}: {name!r} is both target and input; leave it out of --input-columns")


def _name(key: Key | None, first: Row, columns: Columns) -> str:
    """Return the name in the header; the number of the column where that does not tell it apart."""
    names = list(first.values)
    named = columns.header and isinstance(key, int) and names[key] and names.count(names[key]) == 1
    return names[cast("int", key)] if named else str(key)


def _text(value: Any, key: Key | None, place: str) -> str:
    if isinstance(value, str):
        return sys.intern(whole_characters(value, key, place).strip())
    if value is None:
        return ""
    if not isinstance(value, bool | int | float):
        raise InputError(f"{place}: {key!r} must be text or a number, found {type(value).__name__}")
    return sys.intern(json.dumps(value))
