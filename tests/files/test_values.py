"""Values as numbers."""

from __future__ import annotations

import numpy as np
import pytest

from throughtime.errors import InputError
from throughtime.files.step_settings import CodingConfig
from throughtime.files.values import Coding, coding_of, coding_of_target


def test_numbers_are_standardised_and_what_is_missing_is_nan() -> None:
    coding = coding_of("x", ["1", "3", "NA", ""])
    assert coding == Coding("x", None, 2.0, 1.0, gaps=True)
    assert str(coding) == "x (numbers, some missing)"
    np.testing.assert_array_equal(coding.encode(["5", "nan", "2.5", "None"]), [3, np.nan, 0.5, np.nan])
    assert coding_of("x", ["2", "2"]).deviation == 1.0


def test_other_values_are_names_by_their_frequency() -> None:
    coding = coding_of("x", ["b", "c", "b", "a", "c", "b", "rare"], min_count=1)
    assert coding.names == ("b", "c", "a", "rare")
    assert coding_of("x", ["b", "c", "b", "a", "c", "b"], min_count=2).names == ("b", "c")
    assert coding.encode(["c", "new", "b"]).tolist() == [1, 4, 0]
    assert (coding.size, coding.gaps, str(coding)) == (5, False, "x (4 values)")
    every_one_rare = coding_of("x", ["a", "b"], min_count=2)
    assert (every_one_rare.size, every_one_rare.encode(["a"]).tolist()) == (1, [0])


@pytest.mark.parametrize("text", ["inf", "1_000", "0x1", "1,5", "one"])
def test_what_is_no_finite_number(text: str) -> None:
    assert coding_of("x", ["1", "2", text], min_count=1).names is not None


def test_text_among_numbers() -> None:
    with pytest.raises(InputError) as caught:
        coding_of("x", ["1", "2"]).encode(["3", "red"])
    assert str(caught.value) == (
        "column 'x' holds 'red', where training had numbers; leave it empty where a number is missing"
    )


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (["0", "1", "1", "NA"], True),
        ([str(number) for number in range(20)], True),
        ([str(number) for number in range(21)], False),
        (["1.0", "2"], False),
        (["u", "v", ""], True),
    ],
)
def test_what_a_target_looks_like(values: list[str], labels: bool) -> None:
    coding = coding_of_target("y", values)
    assert (coding.names is not None) == labels
    assert np.isnan(coding.encode(values)).sum() == sum(value in ("", "NA") for value in values)


def test_the_user_decides() -> None:
    assert coding_of_target("y", ["0", "1"], "numbers").names is None
    assert coding_of_target("y", ["1.5", "2.5", "2.5"], "labels").names == ("2.5", "1.5")
    assert coding_of_target("y", ["NA", "u"]).names == ("NA", "u")  # where others are no numbers it is a name


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        (["", ""], "auto", "the target 'y' is empty in all rows; name another with --target-column"),
        (["u", "u"], "auto", "the target 'y' is 'u' in all rows; expected two labels or more"),
        (["1", "u"], "numbers", "the target 'y' holds 'u', which is not a number; use --target labels"),
    ],
)
def test_targets_that_cannot_be_learned(values: list[str], kind: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        coding_of_target("y", values, kind)  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_answers_are_decoded() -> None:
    labels = Coding("y", ("u", "v")).decode(np.log([[0.25, 0.75], [0.5, 0.5]]))
    assert labels.to_json() == {"labels": ["v", "u"], "probabilities": [0.75, 0.5]}
    assert str(labels) == '{"labels": ["v", "u"], "probabilities": [0.75, 0.5]}'
    assert Coding("y", None, 10.0, 2.0).decode(np.array([0.0, -1.5])).to_json() == {"numbers": [10.0, 7.0]}


def test_settings_are_checked() -> None:
    with pytest.raises(InputError, match=r"^min_count is 0; expected at least 1$"):
        CodingConfig(min_count=0)
