from __future__ import annotations

import math
from pathlib import Path
from typing import cast

import pytest

from throughtime.errors import InputError
from throughtime.files.pairs import Pair
from throughtime.seq2seq.measure.likelihood import Judge, Likelihood
from throughtime.seq2seq.measure.n_best import Listed, n_best_lines, oracle, read_n_best, rescored

LISTS = [[Listed("a", -1.0), Listed("b c", -2.0)], [Listed("d", -4.5)]]


class ByLength:
    """Holds a text the likelier the longer it is, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Pair] = []

    def likelihoods(self, pairs: list[Pair]) -> list[Likelihood]:
        self.asked += pairs
        return [Likelihood(float(len(pair.tgt)), 1) for pair in pairs]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_text("\n".join(n_best_lines(LISTS)) + "\n")
    assert read_n_best(path, 2) == LISTS


def test_bars_in_a_text_come_back(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_text("\n".join(n_best_lines([[Listed("a ||| b", 1.0)]])))
    assert path.read_text().count("|||") == 4
    assert read_n_best(path, 1) == [[Listed("a ||| b", 1.0)]]


def test_reads_what_moses_writes(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_text(
        "1 ||| d ||| LM0= -3 WP0= -1 ||| -4.5 ||| 0-0\n0 ||| a ||| LM0= 1 ||| -1\n0 ||| b c ||| ||| -2.0\n"
    )
    assert read_n_best(path, 2) == LISTS


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0 ||| a ||| x\n", "line 1: expected number ||| text ||| features ||| score; got"),
        ("0 ||| a ||| x ||| 1\nb ||| a ||| x ||| 1\n", "line 2: expected number"),
        ("0 ||| a ||| x ||| one\n", "line 1: expected number"),
        ("2 ||| a ||| x ||| 1\n", "line 1: sentence 2, but there are 2; numbers begin at 0"),
        ("1 ||| a ||| x ||| 1\n", "has no translation of sentence 0"),
    ],
)
def test_refuses_what_is_no_list(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "list"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_n_best(path, 2)
    assert str(caught.value).startswith(str(path)) and told in str(caught.value)


@pytest.mark.parametrize(
    ("weight", "first"), [(0.0, Listed("a", -1.0)), (0.5, Listed("b c", 0.5)), (1.0, Listed("b c", 3.0))]
)
def test_scores_are_averaged_and_ordered(weight: float, first: Listed) -> None:
    judge = ByLength()
    ordered = rescored(LISTS, ["x", "y"], cast(Judge, judge), weight)
    assert ordered[0][0] == first
    assert judge.asked == [Pair("x", "a"), Pair("x", "b c"), Pair("y", "d")]
    assert sorted(one.text for one in ordered[0]) == ["a", "b c"] and ordered[1][0].text == "d"


def test_equal_ones_stay_as_they_stood() -> None:
    lists = [[Listed("aa", 1.0), Listed("bb", 1.0), Listed("cc", 1.0)]]
    ordered = rescored(lists, ["x"], cast(Judge, ByLength()), 0.5)
    assert [one.text for one in ordered[0]] == ["aa", "bb", "cc"]


def test_the_oracle_takes_what_is_nearest_to_the_reference() -> None:
    lists = [[Listed("the cat", 3.0), Listed("a small dog runs", 1.0)], [Listed("only this", 0.0)]]
    assert oracle(lists, ["a small dog ran away", "that"]) == ["a small dog runs", "only this"]


def test_what_has_no_weight_may_be_infinite() -> None:
    lists = [[Listed("a", -math.inf), Listed("bb", -1.0)]]
    found = rescored(lists, ["x"], cast(Judge, ByLength()), 1.0)
    assert [(one.text, one.score) for one in found[0]] == [("bb", 2.0), ("a", 1.0)]
    assert rescored(lists, ["x"], cast(Judge, ByLength()), 0.0)[0][-1] == lists[0][0]
