"""Intervals of 95 %.

For a share by Wilson (1927):
    (p + z^2/2n ± z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n)
For Spearman's r by Fisher's z with the standard error of Bonett and Wright (2000):
    tanh(atanh r ± z sqrt((1 + r^2/2) / (n - 3)))
"""

from __future__ import annotations

import math

from scipy.stats import binomtest, norm

LEVEL = 0.95

Interval = tuple[float, float]


def of_share(hits: int, of: int) -> Interval:
    """Return the interval of hits / of; 0 to 1 for 0 of 0."""
    if not of:
        return 0.0, 1.0
    interval = binomtest(hits, of).proportion_ci(LEVEL, method="wilson")
    return float(interval.low), float(interval.high)


def of_correlation(r: float, n: int) -> Interval:
    """Return the interval of Spearman's r of n pairs; -1 to 1 for fewer than four."""
    if n < 4 or math.isnan(r):
        return -1.0, 1.0
    z = math.atanh(max(min(r, 1 - 1e-12), 1e-12 - 1))
    half = float(norm.ppf((1 + LEVEL) / 2)) * math.sqrt((1 + r * r / 2) / (n - 3))
    return math.tanh(z - half), math.tanh(z + half)
