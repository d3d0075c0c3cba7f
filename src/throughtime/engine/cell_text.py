"""Cells as text, because torch's graphs hold only numbers, texts and tensors."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from importlib import import_module
from typing import Any

from throughtime.cells import Cell

_named: dict[str, Cell] = {}
"""The cells of this process that have a text."""


def same(a: object, b: object) -> bool:
    """Whether cells have the same class and attributes, fields or not; compares other values with ==."""
    if not isinstance(a, Cell):
        return a == b
    ours, theirs = vars(a), vars(b)
    same_kind = type(a) is type(b) and ours.keys() == theirs.keys()
    return same_kind and all(same(value, theirs[name]) for name, value in ours.items())


@dataclass(frozen=True, eq=False)
class Same:
    """A cell as a key: equal for cells of the same class and attributes, fields or not."""

    cell: Cell

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and same(self.cell, other.cell)

    def __hash__(self) -> int:
        return hash(type(self.cell))


def text_of(cell: Cell) -> str:
    """Return the text from which `cell_of` restores this cell or an equal one: its class and fields."""
    plain = text = json.dumps(_written(cell), default=repr)
    number = 1
    while not same(_named.setdefault(text, cell), cell):
        number += 1
        text = f"{plain} {number}"
    return text


def cell_of(text: str) -> Cell:
    """Return the cell with this text, from this process or newly created.

    Raises ValueError if it cannot be created: its class is not found or a field is not a plain value.
    """
    if text not in _named:
        try:
            made = _read(json.loads(text))
        except (ValueError, TypeError, AttributeError, ImportError) as error:
            raise ValueError(
                f"this graph needs a cell that cannot be created here, {text}: {error}"
            ) from error
        if not isinstance(made, Cell) or text_of(made) != text:
            raise ValueError(f"this graph needs a cell that cannot be created here, {text}")
    return _named[text]


def _written(value: object) -> object:
    if not isinstance(value, Cell):
        return value
    own = {field.name: _written(getattr(value, field.name)) for field in fields(value)}
    return {"module": type(value).__module__, "class": type(value).__qualname__, "fields": own}


def _read(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    kind = getattr(import_module(value["module"]), value["class"])
    if not (isinstance(kind, type) and issubclass(kind, Cell)):
        raise ValueError(f"{value['class']} of {value['module']} is not a cell")
    return kind(**{name: _read(field) for name, field in value["fields"].items()})
