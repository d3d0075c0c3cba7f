"""Settings on their way from and to JSON and flat options."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from throughtime.errors import InputError
from throughtime.settings import (
    differences,
    from_json,
    from_options,
    group,
    groups,
    require,
    to_json,
    to_options,
)


@dataclass(frozen=True)
class Part:
    """A group."""

    size: int = 1
    names: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    place: Path | None = None

    def __post_init__(self) -> None:
        require(self, "size", self.size >= 1, "at least 1")


@dataclass(frozen=True)
class Other:
    """Another group."""

    rate: float = 0.5


@dataclass(frozen=True)
class Whole:
    """Both."""

    part: Part = group("The part", Part)
    other: Other = group("The other", Other)


WHOLE = Whole(Part(2, ("a", "b"), (Path("x"),), Path("y/z")), Other(0.25))


def test_json_gives_back_what_it_was_given() -> None:
    assert from_json(Whole, json.loads(json.dumps(to_json(WHOLE)))) == WHOLE
    assert to_json(WHOLE)["part"] == {"size": 2, "names": ["a", "b"], "files": ["x"], "place": "y/z"}


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"part": {}}, TypeError),  # a group is missing
        ({"part": {}, "other": 3}, (TypeError, AttributeError)),
        ({"part": {"colour": 1}, "other": {}}, KeyError),
        ({"part": {"size": 0}, "other": {}}, InputError),
    ],
)
def test_json_that_is_not_of_these_settings(values: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        from_json(Whole, values)


def test_options_are_the_names_of_all_settings() -> None:
    assert [(name, kind, title) for name, kind, title in groups(Whole)] == [
        ("part", Part, "The part"),
        ("other", Other, "The other"),
    ]
    assert from_options(Whole, to_options(WHOLE)) == WHOLE
    assert from_options(Whole, {"rate": 1.0}) == Whole(other=Other(1.0))
    with pytest.raises(InputError) as caught:
        from_options(Whole, {"rat": 1.0})
    assert str(caught.value) == "there is no setting 'rat'; the settings are size, names, files, place, rate"
    with pytest.raises(InputError, match=r"^size is 0; expected at least 1$"):
        from_options(Whole, {"size": 0})


def test_differences_name_new_and_old() -> None:
    assert differences(Part(3), Part(1)) == "size 3 (was 1)"
    assert differences(Part(), Part()) == ""
