"""Floors."""

from __future__ import annotations

import math

import numpy as np
import pytest

from throughtime.files.step_corpus import Observed, StepCoding, StepCorpus
from throughtime.files.step_settings import StepsConfig
from throughtime.files.values import Coding
from throughtime.measure import floors as measured
from throughtime.measure.floors import floors_of_steps, label_shares


def test_shares_count_each_label_once_more() -> None:
    shares = label_shares(np.array([0, 0, 0, 2]), 3)
    assert shares.tolist() == [4 / 7, 1 / 7, 2 / 7]
    assert label_shares(np.array([1]), 2).argmax() == 1
    assert label_shares(np.zeros(0, np.int64), 4).tolist() == pytest.approx([0.25] * 4)


def corpus(
    train: Observed, names: tuple[str, ...] | None, *inputs: tuple[str, tuple[str, ...] | None]
) -> StepCorpus:
    codings = tuple(Coding(name, values) for name, values in inputs)
    return StepCorpus(StepCoding(codings, Coding("y", names), StepsConfig()), {"train": train}, "", ())


def observed(inputs: list[list[float]], targets: list[float], *ends: int) -> Observed:
    return Observed(np.array(inputs, np.float32), np.array(targets, np.float32), np.array(ends))


def test_the_majority_label_and_that_of_each_value_by_hand() -> None:
    # the first input tells nothing; of the second, 0 stands beside the label 0 twice and 1 beside 1 thrice
    inputs = [[0, 0], [1, 0], [0, 1], [1, 1], [0, 1], [1, 1]]
    train = observed(inputs, [0, 0, 1, 1, 1, math.nan], 6)
    floors = floors_of_steps(corpus(train, ("u", "v"), ("a", ("s", "t")), ("b", ("s", "t"))), causal=True)
    assert list(floors) == ["majority label", "majority label of each b", "linear map of t-4 to t"]
    asked, ends = np.array([[0, 0], [0, 1], [0, 2]], np.float32), np.array([3])
    shares = [3 / 7, 4 / 7]
    assert np.exp(floors["majority label"](asked, ends)) == pytest.approx(np.tile(shares, (3, 1)))
    of_each = np.exp(floors["majority label of each b"](asked, ends))
    assert of_each[0] == pytest.approx([(2 + 3 / 7) / 3, (4 / 7) / 3])
    assert of_each[1] == pytest.approx([(3 / 7) / 4, (3 + 4 / 7) / 4])
    assert of_each[2] == pytest.approx(shares)  # a value that was not learned


def test_values_that_are_all_different_say_nothing() -> None:
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 2, 60)
    hint = np.where(draw.random(60) < 0.8, labels, 1 - labels)
    train = observed(np.stack([draw.normal(size=60), hint], 1).tolist(), labels.tolist(), 60)
    floors = floors_of_steps(corpus(train, ("u", "v"), ("noise", None), ("hint", None)), causal=True)
    assert "majority label of each hint" in floors


@pytest.mark.parametrize("causal", [True, False])
def test_the_linear_map_sees_the_window_within_the_sequence(causal: bool) -> None:
    draw = np.random.default_rng(0)
    x = draw.normal(size=400).astype(np.float32)
    back = np.concatenate([np.zeros(2, np.float32), x[:-2]])
    back[200:202] = 0  # a sequence begins
    ahead = np.concatenate([x[1:], np.zeros(1, np.float32)])
    ahead[199] = 0
    ends = np.array([200, 400])
    found = dict[str, float]()
    for name, targets in (("back", back), ("ahead", ahead)):
        train = Observed(x[:, None], targets, ends)
        floors = floors_of_steps(corpus(train, None, ("x", None)), causal=causal)
        assert floors["mean"](x[:, None], ends) == pytest.approx(np.full(400, targets.mean()))
        _, linear = floors.values()
        found[name] = float(np.square(linear(x[:, None], ends) - targets).mean())
    assert found["back"] < 1e-4
    assert (found["ahead"] > 0.8) == causal


def test_logistic_regression_of_names_is_sure_of_what_they_say() -> None:
    ids = np.arange(300) % 3
    train = observed(ids[:, None].tolist(), ids.tolist(), 300)
    coded = corpus(train, ("u", "v", "w", "never"), ("x", ("a", "b", "c")))
    log_p = floors_of_steps(coded, causal=False)["linear map of t-2 to t+2"](train.inputs, train.ends)
    assert log_p.shape == (300, 4)
    assert log_p.argmax(1).tolist() == ids.tolist()
    assert np.exp(log_p).sum(1) == pytest.approx(np.ones(300))


def test_missing_numbers_are_a_feature() -> None:
    x = np.where(np.arange(200) % 2, np.nan, 1.0)
    train = observed(x[:, None].tolist(), (np.arange(200) % 2 * 4.0).tolist(), 200)
    linear = floors_of_steps(corpus(train, None, ("x", None)), causal=True)["linear map of t-4 to t"]
    assert np.square(linear(train.inputs, train.ends) - train.targets).mean() < 0.01


def test_maps_with_too_many_weights_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "MOST_CELLS", 3)
    train = observed([[0], [1], [0]], [0, 1, 0], 3)
    assert list(floors_of_steps(corpus(train, ("u", "v"), ("x", ("a", "b"))), causal=True)) == [
        "majority label"
    ]
