"""Scores of steps."""

from __future__ import annotations

import numpy as np
import pytest
from rich.console import Console

from throughtime.errors import InputError
from throughtime.files.step_corpus import Observed
from throughtime.files.values import Coding
from throughtime.measure.step_scores import StepScores, each_label, label_scores, number_scores

SURE = np.log([[0.8, 0.2], [0.6, 0.4], [0.3, 0.7]])


def test_labels() -> None:
    scores = label_scores(SURE, np.array([0.0, 1.0, 1.0]))
    assert scores["loss"] == pytest.approx(-np.log([0.8, 0.4, 0.7]).mean())
    assert scores["accuracy"] == pytest.approx(200 / 3)


def test_labels_that_were_not_learned_are_wrong_and_have_no_loss() -> None:
    scores = label_scores(SURE, np.array([0.0, 2.0, 2.0]))
    assert scores == {"loss": pytest.approx(-np.log(0.8)), "accuracy": pytest.approx(100 / 3)}
    assert label_scores(SURE[:1], np.array([2.0])) == {"loss": 0.0, "accuracy": 0.0}


def test_numbers() -> None:
    scores = number_scores(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 6.0]), 10.0)
    assert scores["loss"] == pytest.approx(3)
    assert scores["rmse"] == pytest.approx(10 * 3**0.5)
    assert scores["r2"] == pytest.approx(1 - 3 / np.var([1, 2, 6]))
    assert number_scores(np.array([1.0]), np.array([2.0]), 1.0)["r2"] == 0


def test_each_label() -> None:
    found = each_label(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0]), ("u", "v", "w"))
    assert found["u"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "steps": 2}
    assert found["v"] == {"precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3), "steps": 2}
    assert found["w"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "steps": 0}


def observed(*targets: float) -> Observed:
    return Observed(np.zeros((len(targets), 1), np.float32), np.array(targets, np.float32), np.array([3]))


def test_methods_are_judged_on_the_same_steps_with_a_target() -> None:
    worse = np.log(np.full((3, 2), 0.5))
    methods = {
        "model": lambda inputs, ends: worse,
        "a": lambda inputs, ends: SURE,
        "b": lambda inputs, ends: worse,
    }
    scores = StepScores.of(methods, observed(0, np.nan, 1), Coding("y", ("u", "v")))
    values = scores.to_dict()
    assert values["steps"] == 2
    assert values["scores"]["a"]["accuracy"] == 100
    assert values["scores"]["a"]["accuracy_low"] == pytest.approx(34.24, abs=0.01)  # Wilson's of 2 of 2
    assert values["labels"]["u"]["recall"] == 1 and values["labels"]["v"]["recall"] == 0
    assert scores.best_floor()[0] == "a"
    console = Console(record=True, width=100)
    for part in scores.show():
        console.print(part)
    text = console.export_text()
    assert "100.00 (34.2 to 100.0)" in text and "0.290" in text and "By label" in text


def test_numbers_are_shown_in_their_units() -> None:
    methods = {"model": lambda inputs, ends: np.array([0.0, 0.5, 1.0])}
    scores = StepScores.of(methods, observed(0, 0.5, 3), Coding("y", None, 7.0, 2.0))
    console = Console(record=True, width=100)
    note, table = scores.show()
    assert note == "no floors: the data that the model learned from is not beside it"
    console.print(table)
    assert f"{2 * (4 / 3) ** 0.5:.4g}" in console.export_text()
    assert scores.to_dict()["labels"] == {}


def test_steps_without_any_target() -> None:
    with pytest.raises(InputError, match=r"^no step has a value in 'y'; expected one to judge by$"):
        StepScores.of({}, observed(np.nan, np.nan, np.nan), Coding("y", ("u", "v")))
