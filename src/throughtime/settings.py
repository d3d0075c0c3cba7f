"""What a setting must hold and what it needs beside it; where it does not, one sentence says so."""

from __future__ import annotations

from collections.abc import Sequence

from throughtime.errors import InputError


def require(config: object, name: str, holds: bool, expected: str) -> None:
    """Raise InputError, with the value of the setting `name` and what was expected, unless it holds."""
    if not holds:
        raise InputError(f"{name} is {getattr(config, name)}; expected {expected}")


def require_effect(config: object, names: Sequence[str], by: str, takers: Sequence[object]) -> None:
    """Raise InputError where a setting named is not its default, but `by` is none that makes use of it."""
    if (used := getattr(config, by)) in takers:
        return
    for name in names:
        if (value := getattr(config, name)) != getattr(type(config), name):
            told = "given" if isinstance(value, tuple) else value
            raise InputError(
                f"{name} is {told}, but {by} is {used}; expected {' or '.join(map(str, takers))}"
            )
