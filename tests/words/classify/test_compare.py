"""Methods side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.console import Console

from throughtime.training.config import TrainingConfig
from throughtime.words.classify.compare import (
    Compared,
    Split,
    compared,
    comparison_table,
    folded,
    in_order,
    verdict,
)
from throughtime.words.classify.config import ClassifyConfig
from throughtime.words.classify.labelled import Labelled
from throughtime.words.classify.measure import judge
from throughtime.words.classify.methods import Surroundings

CONFIG = ClassifyConfig(training=TrainingConfig())


def texts(count: int) -> Labelled:
    labels = np.arange(count) % 4 // 3  # three of "no" for each "yes"
    made = [f"{('no', 'yes')[label]} word {k}" for k, label in enumerate(labels)]
    return Labelled(made, labels, ("no", "yes"))


def around(folder: Path, console: Console | None = None) -> Surroundings:
    return Surroundings(folder, console or Console(quiet=True))


def test_folds_are_judged_together(tmp_path: Path) -> None:
    console = Console(record=True, quiet=False, file=None, width=100)
    splits = folded(texts(40), 4, seed=1)
    found, last = compared("bag", CONFIG, splits, around(tmp_path, console))
    assert (found.judgement.texts, found.judgement.accuracy.value) == (40, 1.0)
    assert found.seconds > 0 and last.labels == ("no", "yes")
    assert "bag: fold 4 of 4" in console.export_text()


def test_the_table_tells_f1_of_the_rarer_label(tmp_path: Path) -> None:
    found, _ = compared("tfidf", CONFIG, folded(texts(40), 2, 1), around(tmp_path))
    console = Console(record=True, width=80)
    console.print(comparison_table([found], "40 texts"))
    told = console.export_text()
    assert "F1 of yes" in told and "100.00 (91.2 to 100.0)" in told and "1.000 (1.00 to 1.00)" in told
    assert found.to_dict()["confusion"] == ((30, 0), (0, 10))


def method(name: str, right: list[int]) -> Compared:
    """A method that is right in these of twenty texts."""
    hits = np.isin(np.arange(20), right)
    chances = np.stack([hits, ~hits], 1).astype(float)
    return Compared(name, judge(chances, np.zeros(20, np.int64), ("no", "yes")), hits, 1.0)


def test_who_wins_and_by_which_chance() -> None:
    first, second = method("first", list(range(18))), method("second", list(range(10)))
    assert verdict([second, first]) == (
        "first wins: it alone is right in 8 texts, second alone in 0 (by chance with p = 0.0078)"
    )
    assert verdict([first, first]).endswith("first alone in 0 (by chance with p = 1)")
    assert verdict([first]) == "first is right in 90.00 (69.9 to 97.2) % of the texts"
    assert [one.method for one in in_order([second, first])] == ["first", "second"]


def test_texts_that_are_in_both_parts_are_counted() -> None:
    data = Labelled(["a b", "c", "a  b", "d"], np.array([0, 1, 0, 1]), ("no", "yes"))
    assert Split(data[np.array([0, 1])], data[np.array([2, 3])]).shared == 1
