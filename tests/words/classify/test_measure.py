"""Judging a classifier: shares with intervals, F1, calibration, confusion."""

from __future__ import annotations

import numpy as np
import pytest

from throughtime.errors import InputError
from throughtime.words.classify.measure import judge, share

LABELS = ("a", "b", "c")


def chances(*rows: tuple[float, float, float]) -> np.ndarray:
    return np.array(rows)


def test_a_judgement_by_hand() -> None:
    said = chances((0.7, 0.2, 0.1), (0.1, 0.6, 0.3), (0.5, 0.25, 0.25), (0.2, 0.2, 0.6))
    found = judge(said, np.array([0, 1, 1, 2]), LABELS)
    assert found.confusion == ((1, 0, 0), (1, 1, 0), (0, 0, 1))
    assert found.texts == 4
    assert found.accuracy.value == 0.75
    a, b, c = found.labels
    assert (a.precision, a.recall, a.count) == (0.5, 1.0, 1)
    assert (b.precision, b.recall, b.count) == (1.0, 0.5, 2)
    assert (c.f1, found.macro_f1) == (1.0, pytest.approx((2 / 3 + 2 / 3 + 1) / 3))
    assert found.log_loss == pytest.approx(-np.log([0.7, 0.6, 0.25, 0.6]).mean())
    # bins 0.5 to 0.6 (one, wrong), 0.6 to 0.7 (two, right), 0.7 to 0.8 (one, right)
    assert found.calibration_error == pytest.approx((0.5 + 0.8 + 0.3) / 4)


def test_the_interval_of_f1_holds_what_it_promises() -> None:
    """Of a label that a third of the texts have, where eight answers of ten are right."""
    draw, held = np.random.default_rng(0), 0
    true = 2 * 0.8 / 3 / (1 / 3 + 0.8 / 3 + 0.2 * 2 / 3)
    for _ in range(60):
        truth = (draw.random(400) < 1 / 3).astype(np.int64)
        said = np.where(draw.random(400) < 0.8, truth, 1 - truth)
        low, high = judge(np.eye(2)[said], truth, ("no", "yes")).labels[1].f1_interval
        held += low < true < high
    assert held >= 53


def test_a_share_with_its_interval() -> None:
    assert str(share(1, 2)) == "50.00 (9.5 to 90.5)"


def test_a_label_that_nothing_has_or_is_called() -> None:
    found = judge(chances((0.9, 0.1, 0.0)), np.array([0]), LABELS)
    assert [label.f1 for label in found.labels] == [1.0, 0.0, 0.0]


def test_nothing_to_judge_by() -> None:
    with pytest.raises(InputError, match="there is no text to judge by; expected one or more"):
        judge(np.empty((0, 3)), np.array([], np.int64), LABELS)
