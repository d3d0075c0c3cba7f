"""Code in the form of native/program.h: instructions on places in buffers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

OPERATIONS = (
    "copy",
    "add",
    "sub",
    "mul",
    "div",
    "neg",
    "abs",
    "sign",
    "maximum",
    "minimum",
    "relu",
    "sigmoid",
    "tanh",
    "exp",
    "log",
    "log1p",
    "expm1",
    "erf",
    "sin",
    "cos",
    "power",
    "sqrt",
    "greater",
    "equal",
    "select",
    "multiply_add",
    "subtract_product",
    "sum",
    "largest",
    "cumsum",
    "reverse",
    "product",
)
"""The operations of native/program.h, in its order."""


class Kind(IntEnum):
    """The kinds of buffer of native/program.h.

    SEQUENCE: a row for each sequence and step: inputs, outputs and saved values. STATE: a row for each
    sequence, for values that last from one group of instructions, or one step, to the next. FIXED: one row
    for all. TILE: a few rows in the first-level cache of the thread that works on them, for values used up at
    once.
    """

    SEQUENCE = 0
    STATE = 1
    FIXED = 2
    TILE = 3


Key = tuple[str, object]
"""What a buffer holds: ("input", "wx"), ("state", "c"), ("saved", 12), ..."""

CONSTANTS: Key = ("constants", None)
WORK: Key = ("work", None)


@dataclass(frozen=True)
class Buffer:
    """A buffer that must exist when the code runs."""

    kind: Kind
    width: int
    key: Key
    start: int = 0


class Place(NamedTuple):
    """Where a value is stored: buffer and first column; splat: one number per row serves all columns."""

    buffer: int
    column: int = 0
    splat: bool = False

    def moved(self, columns: int) -> Place:
        """Return the place this many columns further on."""
        return self._replace(column=self.column + columns)


NOWHERE = Place(-1)


class Instruction(NamedTuple):
    """One operation on places; matrix: index into `Code.matrices`, for products."""

    op: str
    width: int
    to: Place
    operands: tuple[Place, ...]
    matrix: int = -1

    def numbers(self) -> list[int]:
        """Return it as native/program.h lays it out."""
        splat = sum(1 << k for k, operand in enumerate(self.operands) if operand.splat)
        places = (self.to, *self.operands, NOWHERE, NOWHERE, NOWHERE)[:4]
        ends = [number for place in places for number in (place.buffer, place.column)]
        return [OPERATIONS.index(self.op), self.width, splat, self.matrix, *ends]


@dataclass(frozen=True)
class Code:
    """A program ready to run.

    groups: instructions that may run together, products only or row operations only; with `ahead` the first
    group, and with `behind` the last, are products for all rows before the first step or after the last.
    reads: the buffers to fill; gives: those that hold results; a state is among both. aliases: keys whose
    values are stored under another key. matrices: places in the prelude, and whether transposed.
    """

    groups: tuple[tuple[Instruction, ...], ...]
    ahead: bool
    behind: bool
    buffers: tuple[Buffer, ...]
    reads: tuple[Buffer, ...]
    gives: tuple[Buffer, ...]
    aliases: Mapping[Key, Key]
    matrices: tuple[tuple[int, bool], ...]
    constants: tuple[float, ...]
    tile_width: int
    tile_rows: int
