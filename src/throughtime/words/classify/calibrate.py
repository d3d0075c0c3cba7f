"""Probabilities that mean what they say: one temperature, found on texts that were held out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

SPREAD = 0.5
"""Standard deviation of log T before any text is seen: a few texts that are all right prove little."""

WIDEST = np.log(100.0)
"""Of log T, either way."""


def fit_temperature(logits: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Return the likeliest T of p = softmax(logits / T) (Guo et al. 2017), where log T is normal about 0.

    It has the least sum of -log p(true label) over the texts + (log T)^2 / (2 * 0.5^2). logits: (N, L), those
    of texts that were held out. truth: (N,).
    """
    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        told = log_softmax(logits / np.exp(log_temperature), axis=1)[rows, truth]
        return float(-told.sum() + log_temperature**2 / (2 * SPREAD**2))

    found: Any = minimize_scalar(loss, bounds=(-WIDEST, WIDEST), method="bounded")
    return float(np.exp(found.x))
