"""Settings: frozen dataclasses that check themselves, and their way from and to JSON and flat options."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import Field, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, cast, get_args, get_type_hints

from throughtime.errors import InputError

T = TypeVar("T")

_GROUP = "group"


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


def group(title: str, default: Callable[[], T]) -> T:
    """Return the field of a settings class that holds one group of settings, itself a settings class.

    `title` is the heading of the group's options in --help.
    """
    return field(default_factory=default, metadata={_GROUP: title})


def groups(kind: type) -> Iterator[tuple[str, type, str]]:
    """Yield field name, class and title of each group of a settings class."""
    hints = get_type_hints(kind)
    for each in fields(kind):
        yield each.name, hints[each.name], _title(each)


def _title(each: Field[Any]) -> str:
    return each.metadata.get(_GROUP, each.name.replace("_", " ").capitalize())


def from_json(kind: type[T], values: Mapping[str, Any]) -> T:
    """Return settings from what JSON holds of them, with tuples for lists and paths for their names.

    Raises:
        KeyError: there is no setting of a name.
        TypeError: a group of settings is missing or is not an object.
        InputError: a setting is out of range.
    """
    hints = get_type_hints(kind)
    missing = [each.name for each in fields(cast("Any", kind)) if is_dataclass(hints[each.name])]
    if absent := [name for name in missing if name not in values]:
        raise TypeError(f"{', '.join(absent)} missing")
    return kind(**{name: _from_json(hints[name], value) for name, value in values.items()})


def _from_json(hint: Any, value: Any) -> Any:
    if is_dataclass(hint):
        return from_json(cast("type[Any]", hint), value)
    if isinstance(value, list):
        kinds = get_args(hint)
        return tuple(_from_json(kinds[0] if kinds else str, item) for item in cast("list[Any]", value))
    return Path(value) if isinstance(value, str) and _is_path(hint) else value


def _is_path(hint: Any) -> bool:
    return hint is Path or Path in get_args(hint)


def to_json(value: Any) -> Any:
    """Return settings as JSON holds them: dictionaries, lists, and paths as text."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: to_json(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in cast("Sequence[Any]", value)]
    return str(value) if isinstance(value, Path) else value


def from_options(kind: type[T], options: Mapping[str, Any]) -> T:
    """Return settings made of groups, from values by the names of the settings alone.

    Raises:
        InputError: there is no setting of a name, or one is out of range.
    """
    left, made = dict(options), dict[str, Any]()
    for name, group_kind, _ in groups(kind):
        own = {each.name for each in fields(group_kind)} & left.keys()
        made[name] = replace(group_kind(), **{setting: left.pop(setting) for setting in own})
    if left:
        known = ", ".join(each.name for _, group_kind, _ in groups(kind) for each in fields(group_kind))
        raise InputError(f"there is no setting {next(iter(left))!r}; the settings are {known}")
    return kind(**made)


def to_options(config: object) -> dict[str, Any]:
    """Return the values of all settings in all groups by the names of the settings alone."""
    return {
        each.name: getattr(part, each.name)
        for name, _, _ in groups(type(config))
        for part in (getattr(config, name),)
        for each in fields(part)
    }


def differences(now: object, before: object) -> str:
    """Return the fields in which two settings of one class differ: "dropout 0.5 (was 0.3)"."""
    names = [each.name for each in fields(cast("Any", now))]
    pairs = ((name, getattr(now, name), getattr(before, name)) for name in names)
    return ", ".join(f"{name} {new} (was {old})" for name, new, old in pairs if new != old)
