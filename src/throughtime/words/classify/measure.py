"""How good a classifier is, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from throughtime.errors import InputError
from throughtime.measure.intervals import LEVEL, Interval, of_share

BINS = 10
"""Of confidence, over which calibration is judged."""

RESAMPLED = 1000
"""Times that the texts are drawn anew for the interval of an F1."""


@dataclass(frozen=True)
class Share:
    """k of n, as a share with its 95 % interval by Wilson (1927)."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.value:.2f} ({100 * self.low:.1f} to {100 * self.high:.1f})"


@dataclass(frozen=True)
class OfLabel:
    """How well one label is found."""

    label: str
    precision: float
    recall: float
    f1: float
    count: int
    f1_interval: Interval


@dataclass(frozen=True)
class Judgement:
    """What a classifier said of texts whose labels are known.

    log_loss: mean of -log p(true label), in nats. calibration_error: mean over the texts of how far, in their
    bin of confidence, the share of right answers is from the mean confidence (Naeini et al. 2015).
    confusion: (L, L) counts; rows are the true labels, columns what was said.
    """

    accuracy: Share
    macro_f1: float
    log_loss: float
    calibration_error: float
    labels: tuple[OfLabel, ...]
    confusion: tuple[tuple[int, ...], ...]

    @property
    def texts(self) -> int:
        """How many were judged."""
        return sum(map(sum, self.confusion))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return asdict(self)


def judge(probabilities: NDArray[np.float64], truth: NDArray[np.int64], labels: Sequence[str]) -> Judgement:
    """Judge probabilities (N, L) by the true labels (N,), which are places in `labels`."""
    if not len(truth):
        raise InputError("there is no text to judge by; expected one or more")
    said, rows = probabilities.argmax(1), np.arange(len(truth))
    of_labels = _of_labels(truth, said, labels)
    return Judgement(
        accuracy=share(int((said == truth).sum()), len(truth)),
        macro_f1=float(np.mean([label.f1 for label in of_labels])),
        log_loss=float(-np.log(np.clip(probabilities[rows, truth], 1e-12, 1)).mean()),
        calibration_error=_calibration_error(probabilities.max(1), said == truth),
        labels=of_labels,
        confusion=tuple(map(tuple, _confusion(truth, said, labels).tolist())),
    )


def _of_labels(
    truth: NDArray[np.int64], said: NDArray[np.int64], labels: Sequence[str]
) -> tuple[OfLabel, ...]:
    none: Any = 0  # which its types do not know
    parts = precision_recall_fscore_support(truth, said, labels=range(len(labels)), zero_division=none)
    scores = zip(*(part.tolist() for part in cast("tuple[NDArray[Any], ...]", parts)), strict=True)
    intervals = _f1_intervals(_confusion(truth, said, labels))
    return tuple(
        OfLabel(name, precision, recall, f1, count, interval)
        for name, (precision, recall, f1, count), interval in zip(labels, scores, intervals, strict=True)
    )


def _confusion(truth: NDArray[np.int64], said: NDArray[np.int64], labels: Sequence[str]) -> NDArray[np.int64]:
    return confusion_matrix(truth, said, labels=range(len(labels)))


def share(hits: int, of: int) -> Share:
    """Return hits / of, of one or more, with its interval."""
    return Share(hits / of, *of_share(hits, of))


def _f1_intervals(confusion: NDArray[np.int64]) -> list[Interval]:
    """95 % intervals of each label's F1, by drawing as many texts again from those judged."""
    total = int(confusion.sum())
    drawn = np.random.default_rng(0).multinomial(total, confusion.ravel() / total, RESAMPLED)
    cells = drawn.reshape(RESAMPLED, *confusion.shape)
    hits = cells.diagonal(axis1=1, axis2=2)
    f1 = 2 * hits / np.maximum(cells.sum(1) + cells.sum(2), 1)
    low, high = np.quantile(f1, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0).tolist()
    return list(zip(low, high, strict=True))


def _calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, confidence - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(confidence))
