"""The temperature of probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from throughtime.words.classify.calibrate import fit_temperature


@pytest.mark.parametrize("true", [0.3, 1.0, 4.0])
def test_the_temperature_that_labels_were_drawn_by_is_found(true: float) -> None:
    draw = np.random.default_rng(0)
    logits = draw.normal(0, 3, (20_000, 3))
    chances = softmax(logits / true, axis=1)
    labels = (draw.random((len(logits), 1)) > chances.cumsum(1)).sum(1)
    assert fit_temperature(logits, labels) == pytest.approx(true, rel=0.05)


def test_few_texts_that_are_all_right_prove_little() -> None:
    """Logits that are calibrated already stay near that, however the few texts fall."""
    draw, kept = np.random.default_rng(0), list[float]()
    for _ in range(200):
        logits = draw.normal(0, 4, (10, 2))
        labels = (draw.random(10) > softmax(logits, axis=1)[:, 0]).astype(np.int64)
        kept.append(fit_temperature(logits, labels))
    assert min(kept) > 0.35 and max(kept) < 3
