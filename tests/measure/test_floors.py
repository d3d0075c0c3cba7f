"""Floors."""

from __future__ import annotations

import numpy as np
import pytest

from throughtime.measure.floors import label_shares


def test_shares_count_each_label_once_more() -> None:
    shares = label_shares(np.array([0, 0, 0, 2]), 3)
    assert shares.tolist() == [4 / 7, 1 / 7, 2 / 7]
    assert label_shares(np.array([1]), 2).argmax() == 1
    assert label_shares(np.zeros(0, np.int64), 4).tolist() == pytest.approx([0.25] * 4)
