"""Methods side by side."""

from __future__ import annotations

import numpy as np
from rich.console import Console

from throughtime.words.classify.compare import (
    Compared,
    Comparison,
    compared,
    comparison_table,
    floor_of,
    in_order,
    verdict,
)
from throughtime.words.classify.data import Split
from throughtime.words.classify.labelled import Labelled
from throughtime.words.classify.measure import judge

NAMES = ("no", "yes")
TRUTH = np.arange(40) % 4 // 3  # three of "no" for each "yes"


def right_in_all(name: str) -> Compared:
    """A method that is sure of the true labels."""
    return compared(name, np.eye(2)[TRUTH], TRUTH, NAMES, [{"minutes": 0.5}, {"minutes": 1.0}])


def test_folds_are_judged_together() -> None:
    method = right_in_all("bag")
    assert (method.judgement.texts, method.judgement.accuracy.value) == (40, 1.0)
    assert method.seconds == 90 and method.right.all()


def test_the_table_tells_f1_of_the_rarer_label_and_the_floor() -> None:
    method, floor = right_in_all("tfidf"), floor_of(TRUTH, TRUTH, NAMES)
    console = Console(record=True, width=90)
    console.print(comparison_table([method], "40 texts", floor))
    told = console.export_text()
    assert "F1 of yes" in told and "100.00 (91.2 to 100.0)" in told and "1.000 (1.00 to 1.00)" in told
    assert "majority label" in told and "75.00 (" in told
    assert method.to_dict()["confusion"] == ((30, 0), (0, 10))


def test_the_best_method_is_one_whose_training_is_done() -> None:
    short = compared("gru", np.eye(2)[TRUTH], TRUTH, NAMES, [{"minutes": 1.0, "shortfall": "too short"}])
    floor = floor_of(TRUTH, TRUTH, NAMES)
    comparison = Comparison([short, floor], floor, {"gru": "gru", "majority label": "floor"})
    assert comparison.best == "floor"
    assert list(comparison.show())[-1] == "gru is not done: too short"


def method(name: str, right: list[int]) -> Compared:
    """A method that is right in these of twenty texts."""
    hits = np.isin(np.arange(20), right)
    chances = np.stack([hits, ~hits], 1).astype(float)
    return Compared(name, judge(chances, np.zeros(20, np.int64), ("no", "yes")), hits, 1.0)


def test_who_wins_and_by_which_chance() -> None:
    first, second = method("first", list(range(18))), method("second", list(range(10)))
    assert verdict([second, first]) == (
        "first wins: it alone is right in 8 texts, second alone in 0 (McNemar's exact test: p = 0.0078)"
    )
    assert verdict([first, first]).endswith("first alone in 0 (McNemar's exact test: p = 1)")
    assert verdict([first]) == "first is right in 90.00 (69.9 to 97.2) % of the texts"
    assert [each.method for each in in_order([second, first])] == ["first", "second"]


def test_texts_that_are_in_both_parts_are_counted() -> None:
    data = Labelled(["a b", "c", "a  b", "d"], np.array([0, 1, 0, 1]), ("no", "yes"))
    assert Split(data[np.array([0, 1])], data[np.array([2, 3])]).shared == 1
