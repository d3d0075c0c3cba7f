"""Intervals: as published, and as often right as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from throughtime.measure.intervals import of_correlation, of_share


def test_intervals_of_shares_by_wilson() -> None:
    """As in Newcombe (1998), table I: 81 of 263, and 0 of 20."""
    assert of_share(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    low, high = of_share(0, 20)
    assert low == pytest.approx(0, abs=1e-9) and high == pytest.approx(0.1611, abs=5e-5)
    assert of_share(0, 0) == (0, 1)


def test_intervals_of_correlations() -> None:
    found = of_correlation(0.5, 28)
    half = 1.959964 * math.sqrt(1.125 / 25)
    expected = (math.tanh(math.atanh(0.5) - half), math.tanh(math.atanh(0.5) + half))
    assert found == pytest.approx(expected)
    low, high = of_correlation(0.5, 103)
    assert found[0] < low < 0.5 < high < found[1]
    assert of_correlation(1.0, 9)[1] == pytest.approx(1)
    assert of_correlation(0.5, 3) == (-1, 1)


def test_intervals_hold_what_they_promise() -> None:
    """Of normal pairs with Pearson's rho, Spearman's r is (6 / pi) asin(rho / 2)."""
    draw, rho, held = np.random.default_rng(0), 0.6, 0
    true = 6 / math.pi * math.asin(rho / 2)
    for _ in range(400):
        x = draw.normal(size=(2, 60))
        y = rho * x[0] + math.sqrt(1 - rho * rho) * x[1]
        ranks = np.corrcoef(x[0].argsort().argsort(), y.argsort().argsort())[0, 1]
        low, high = of_correlation(ranks, 60)
        held += low < true < high
    assert 0.92 < held / 400 < 0.98
