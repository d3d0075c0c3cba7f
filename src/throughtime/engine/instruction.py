"""Code: what native/program.h takes, instructions on places in buffers."""

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

    SEQUENCE: a row for each sequence and step, what comes in, goes out or is kept. STATE: a row for each
    sequence, what lasts from one group of instructions, or one step, to the next. FIXED: one row for all.
    TILE: a few rows in the first-level cache of the thread that works on them, for what is used up at once.
    """

    SEQUENCE = 0
    STATE = 1
    FIXED = 2
    TILE = 3


Key = tuple[str, object]
"""What a buffer holds: ("input", "wx"), ("state", "c"), ("kept", 12), ..."""

CONSTANTS: Key = ("constants", None)
WORK: Key = ("work", None)


@dataclass(frozen=True)
class Buffer:
    """A buffer that has to be there when the code runs."""

    kind: Kind
    width: int
    key: Key
    start: int = 0


class Place(NamedTuple):
    """Where a value lies: its buffer and first column; splat, one number a row for all columns."""

    buffer: int
    column: int = 0
    splat: bool = False

    def moved(self, columns: int) -> Place:
        """The place so many columns on."""
        return self._replace(column=self.column + columns)


NOWHERE = Place(-1)


class Instruction(NamedTuple):
    """One operation on places; matrix is that of a product, an index into `Code.matrices`."""

    op: str
    width: int
    to: Place
    operands: tuple[Place, ...]
    matrix: int = -1

    def numbers(self) -> list[int]:
        """As native/program.h lays it out."""
        splat = sum(1 << k for k, one in enumerate(self.operands) if one.splat)
        places = (self.to, *self.operands, NOWHERE, NOWHERE, NOWHERE)[:4]
        ends = [number for place in places for number in (place.buffer, place.column)]
        return [OPERATIONS.index(self.op), self.width, splat, self.matrix, *ends]


@dataclass(frozen=True)
class Code:
    """A program ready to run.

    groups: instructions that may run together, products alone or row operations alone; with `ahead` the first
    of them, and with `behind` the last, are products for all rows before the first step or after the last.
    reads: the buffers that have to be filled; gives: those that hold results; a state is among both.
    aliases: keys whose values are those of another buffer's key. matrices: places in the prelude, and
    whether transposed.
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
