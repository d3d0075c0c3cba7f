"""What the simplest methods reach, beside which every score stands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def label_shares(labels: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Return p(label) = (n(label) + 1) / (n + count), (count,): the shares of labels (N,) in training.

    Given to every item, they are the floor of a classifier: its accuracy is that of the majority label, its
    log loss the entropy of the labels. One is added to each count so that none is 0 (Laplace).
    """
    counts = np.bincount(labels, minlength=count) + 1.0
    return counts / counts.sum()
