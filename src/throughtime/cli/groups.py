"""The options used most, listed first in --help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Annotated, Any, get_type_hints

from cyclopts import Group, Parameter

MOST_USED = Group("Most used", sort_key=0)


def with_most_used(group: type, names: Sequence[str]) -> type:
    """Return a group of settings of which those in `names` are in the help's first panel.

    It is a subclass with the same fields; `group(**vars(value))` gives the settings themselves.
    """
    chosen = [each for each in fields(group) if each.name in names]
    if not chosen:
        return group
    hints = get_type_hints(group)
    defaults: dict[str, Any] = {
        each.name: field(default_factory=each.default_factory)
        if each.default_factory is not MISSING
        else each.default
        for each in chosen
    }
    annotations = {each.name: Annotated[hints[each.name], Parameter(group=MOST_USED)] for each in chosen}
    about = {"__doc__": group.__doc__, "__module__": group.__module__}
    namespace = {**defaults, **about, "__annotations__": annotations}
    return dataclass(frozen=True)(type(group.__name__, (group,), namespace))
