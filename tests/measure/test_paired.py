"""Paired comparisons."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from throughtime.measure.paired import compare_paired


@pytest.mark.parametrize(("ahead", "behind", "both"), [(8, 0, 3), (5, 2, 0), (3, 3, 9), (0, 0, 4), (1, 0, 0)])
def test_the_p_value_is_that_of_a_split_at_least_as_unequal(ahead: int, behind: int, both: int) -> None:
    first = np.array([True] * (ahead + both) + [False] * behind)
    second = np.array([False] * ahead + [True] * (both + behind))
    found = compare_paired(first, second)
    differ, larger = ahead + behind, max(ahead, behind)
    expected = min(1.0, 2 * binom.sf(larger - 1, differ, 0.5)) if differ else 1.0
    assert (found.ahead, found.behind) == (ahead, behind)
    assert found.p_value == pytest.approx(expected)
    assert compare_paired(second, first) == (behind, ahead, found.p_value)
