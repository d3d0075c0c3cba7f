"""Two methods on the same items: is one better than the other, or are they alike?"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest


class Paired(NamedTuple):
    """Items in which the first method alone is right, the second alone, and the p-value of the difference."""

    ahead: int
    behind: int
    p_value: float


def compare_paired(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Paired:
    """Compare which items (N,) two methods have right, by McNemar's exact test (1947).

    The p-value is that of a split as unequal as ahead to behind, or more so, if both were equally good:
    2 P(Binomial(ahead + behind, 1/2) >= max(ahead, behind)), at most 1; 1 where they differ nowhere.
    """
    ahead, behind = int((first & ~second).sum()), int((second & ~first).sum())
    test: Any = binomtest(ahead, ahead + behind) if ahead + behind else None
    return Paired(ahead, behind, 1.0 if test is None else float(test.pvalue))
