"""Steps as numbers: read once, written to a folder, and opened from there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from throughtime.artefact.report import write_report
from throughtime.errors import InputError
from throughtime.files.reading import ReadingReport
from throughtime.files.step_settings import CodingConfig, HeldOutConfig, StepsConfig
from throughtime.files.steps import Steps, read_parts, steps_of_json
from throughtime.files.values import Coding, coding_of, coding_of_target
from throughtime.settings import from_json, to_json

MANIFEST = "steps.json"

SHOWN = 3
"""Steps of an example."""

LONGEST = 10_000
"""Steps of a sequence that can be read whole."""


class Observed(NamedTuple):
    """Steps of sequences with what is observed at each.

    inputs: (N, C), codes of names, or numbers; NaN where a number is missing. targets: (N,), codes of labels,
    or numbers; NaN where missing. ends: (S,), the place behind each sequence.
    """

    inputs: NDArray[np.float32]
    targets: NDArray[np.float32]
    ends: NDArray[np.int64]

    def at(
        self, places: NDArray[np.int64], inside: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return inputs (T, B, C) and targets (T, B) at places (T, B), NaN where they are not inside."""
        return self.inputs[places], np.where(inside, self.targets[places], np.float32(np.nan))

    def __str__(self) -> str:
        return f"{len(self.targets):,} steps in {len(self.ends):,} sequences"


@dataclass(frozen=True)
class StepCoding:
    """What the columns of steps are coded as, and their names."""

    inputs: tuple[Coding, ...]
    target: Coding
    columns: StepsConfig

    def observed(self, steps: Steps) -> Observed:
        """Return steps as numbers.

        Raises:
            InputError: there are more or fewer inputs, or one holds text instead of numbers.
        """
        found, expected = len(steps.inputs), len(self.inputs)
        if found != expected:
            raise InputError(f"there are {found} input columns; expected {expected}, as in training")
        columns = [c.encode(values) for c, values in zip(self.inputs, steps.inputs.values(), strict=True)]
        return Observed(np.stack(columns, 1), self.target.encode(steps.targets), steps.ends)

    def of_json(self, sequences: Sequence[Any]) -> Observed:
        """Return sequences as JSON has them; raise InputError for one that is not as those learned from."""
        return self.observed(steps_of_json(sequences, self.columns))

    def notes(self) -> Iterator[str]:
        """Yield what the columns hold, a line each for inputs and target."""
        yield f"inputs: {', '.join(map(str, self.inputs))}"
        kind = "numbers" if self.target.names is None else "labels"
        yield f"target: {self.target}, taken for {kind}; --target labels or numbers decides otherwise"


@dataclass(frozen=True, eq=False)
class StepCorpus:
    """Steps to learn from, and steps that are held out.

    parts: `train`, `validation` and `test`, unless nothing is held out for a test.
    example: the inputs of the first steps, as a line of JSON.
    notes: what was read and skipped, and what the columns hold.
    """

    coding: StepCoding
    parts: Mapping[str, Observed]
    example: str
    notes: Sequence[str]


def prepare(
    reading: StepsConfig,
    held_out: HeldOutConfig,
    config: CodingConfig,
    folder: Path,
    *,
    whole: bool = False,
) -> StepCorpus:
    """Read steps and write them to a folder.

    Args:
        reading: the files, and their columns.
        held_out: what is not learned from.
        config: what values are taken for.
        folder: where the steps are written.
        whole: refuse sequences that are too long to be read whole.

    Raises:
        InputError: the files cannot be read, or a part has no target.
    """
    report = ReadingReport()
    steps = read_parts(reading, held_out, report)
    train = steps["train"]
    inputs = tuple(coding_of(name, values, config.min_count) for name, values in train.inputs.items())
    target = coding_of_target(str(train.columns.target_column), train.targets, config.target)
    coding = StepCoding(inputs, target, train.columns)
    parts = {name: coding.observed(each) for name, each in steps.items() if len(each) or name != "test"}
    for name, part in parts.items():
        _require_usable(name, part, target, whole)
    shown = zip(*(values[: train.ends[0]][:SHOWN] for values in train.inputs.values()), strict=True)
    example = json.dumps([dict(zip(train.inputs, step, strict=True)) for step in shown], ensure_ascii=False)
    sizes = [f"{name}: {part}" for name, part in parts.items()]
    notes = [report.summary(), *report.notes, *report.first_bad, *coding.notes(), *sizes]
    corpus = StepCorpus(coding, parts, example, notes)
    _write(corpus, folder)
    return corpus


def _require_usable(name: str, part: Observed, target: Coding, whole: bool) -> None:
    if np.isnan(part.targets).all():
        raise InputError(f"no step of the {name} part has a value in {target.column!r}; hold out other steps")
    longest = np.diff(part.ends, prepend=0).max()
    if whole and longest > LONGEST:
        raise InputError(
            f"a sequence has {longest:,} steps, and at most {LONGEST:,} are read whole; divide it with "
            "--sequence-column or by blank lines, or leave out --bidirectional"
        )


def _write(corpus: StepCorpus, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in corpus.parts.items():
        np.savez(folder / f"{name}.npz", **part._asdict())
    fields = {"parts": list(corpus.parts), "example": corpus.example, "notes": corpus.notes}
    write_report(folder / MANIFEST, {"coding": to_json(corpus.coding), **fields})


def reopen(folder: Path) -> StepCorpus | None:
    """Return what `prepare` wrote to a folder; None where it did not."""
    if not (folder / MANIFEST).exists():
        return None
    fields = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    parts = {name: Observed(**np.load(folder / f"{name}.npz")) for name in fields.pop("parts")}
    return StepCorpus(from_json(StepCoding, fields.pop("coding")), parts, **fields)
