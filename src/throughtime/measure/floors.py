"""What the simplest methods reach, beside which every score stands."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from throughtime.files.step_corpus import Observed, StepCorpus

Places = NDArray[np.int64]
Values = NDArray[np.float32]
Predictions = NDArray[np.float64]
"""Of N steps: log probabilities of labels (N, L), or numbers (N,)."""

FITTED = 200_000
"""Steps that a linear map is fitted on, drawn from a longer corpus."""

ROUNDS = 100
"""Most steps of the solver of logistic regression."""

MOST_CELLS = 20_000_000
"""Counts, or weights, of a floor; one that would have more is left out."""


def label_shares(labels: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Return p(label) = (n(label) + 1) / (n + count), (count,): the shares of labels (N,) in training.

    Given to every item, they are the floor of a classifier: its accuracy is that of the majority label, its
    log loss the entropy of the labels. One is added to each count so that none is 0 (Laplace).
    """
    counts = np.bincount(labels, minlength=count) + 1.0
    return counts / counts.sum()


Method = Callable[[Values, Places], Predictions]
"""Predicts each step of inputs (N, C) in sequences that end at places (S,)."""


@lru_cache(maxsize=1)
def floors_of_steps(learned: StepCorpus, *, causal: bool) -> dict[str, Method]:
    """Return the simplest methods of predicting each step, by their names.

    Of labels the majority label, the majority label of each value of one input, and logistic regression on
    a window of inputs; of numbers the mean, and ridge regression on such a window.

    Args:
        learned: what they learn from, its training part alone.
        causal: whether the window ends with the step itself.
    """
    window = range(-4, 1) if causal else range(-2, 3)
    train, coding = learned.parts["train"], learned.coding
    labels = len(coding.target.names or ())
    known = np.flatnonzero(~np.isnan(train.targets))
    linear = _linear(train, known, [each.size for each in coding.inputs], labels, window)
    named = {"linear map of t-4 to t" if causal else "linear map of t-2 to t+2": linear} if linear else {}
    if not labels:
        return {"mean": _always(train.targets[known].mean()), **named}
    targets = train.targets[known].astype(np.int64)
    shares, columns = label_shares(targets, labels), [each.column for each in coding.inputs]
    by_value = _best_by_value(train.inputs[known], targets, columns, shares)
    return {"majority label": _always(np.log(shares)), **by_value, **named}


def _always(predicted: Any) -> Method:
    """Return the method that predicts the same for every step."""
    return lambda inputs, ends: np.repeat(np.asarray(predicted, np.float64)[None], len(inputs), 0)


def _best_by_value(
    inputs: Values, targets: NDArray[np.int64], names: Sequence[str], shares: NDArray[np.float64]
) -> dict[str, Method]:
    """Return p(label | value of an input) of the input that is best, each step left out in turn.

    p(l | v) = (n(l, v) + p(l)) / (n(v) + 1), p(l) the shares of the labels.
    """
    tried: list[tuple[float, int, NDArray[Any], NDArray[np.float64]]] = []
    for column in range(len(names)):
        values, codes = np.unique(_filled(inputs[:, column]), return_inverse=True)
        if len(values) * len(shares) > MOST_CELLS or 2 * len(values) > len(targets):  # they hardly recur
            continue
        counts = np.zeros((len(values), len(shares)))
        np.add.at(counts, (codes, targets), 1)
        without = np.log((np.maximum(counts - 1, 0) + shares) / counts.sum(1, keepdims=True))
        smoothed = np.log((counts + shares) / (counts.sum(1, keepdims=True) + 1))
        tried.append((-float((counts * without).sum()), column, values, smoothed))
    if not tried:
        return {}
    _, column, values, log_p = min(tried, key=lambda one: one[0])

    def predict(inputs: Values, ends: Places) -> Predictions:
        asked = _filled(inputs[:, column])
        places = np.minimum(np.searchsorted(values, asked), len(values) - 1)
        return np.where((values[places] == asked)[:, None], log_p[places], np.log(shares))

    return {f"majority label of each {names[column]}": predict}


def _filled(values: Values) -> Values:
    return np.where(np.isnan(values), -np.inf, values)


def _linear(
    learned: Observed, known: Places, sizes: Sequence[int], labels: int, window: Sequence[int]
) -> Method | None:
    """Return logistic or ridge regression; None where it would have too many weights."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge

    width = len(window) * sum(size or 2 for size in sizes)
    if width * max(labels, 1) > MOST_CELLS:
        return None
    if len(known) > FITTED:
        known = np.sort(np.random.default_rng(0).choice(known, FITTED, replace=False))
    rows = _windows(learned.inputs, learned.ends, sizes, window)[known]
    model: Any = LogisticRegression(max_iter=ROUNDS, tol=1e-3) if labels else Ridge()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(rows, learned.targets[known])

    def predict(inputs: Values, ends: Places) -> Predictions:
        seen = _windows(inputs, ends, sizes, window)
        if not labels:
            return model.predict(seen)
        log_p = np.full((len(inputs), labels), -np.log(1e12))
        log_p[:, model.classes_.astype(int)] = np.maximum(model.predict_log_proba(seen), log_p[0, 0])
        return log_p

    return predict


def _windows(inputs: Values, ends: Places, sizes: Sequence[int], window: Sequence[int]) -> Any:
    """Return for each step the features of the steps around it, (N, F len(window)); 0 beyond a sequence."""
    from scipy import sparse

    rows, places = _features(inputs, sizes), np.arange(len(inputs))
    sequence = np.searchsorted(ends, places, "right")
    parts: list[Any] = []
    for step in window:
        asked = np.clip(places + step, 0, len(inputs) - 1)
        inside = (asked == places + step) & (sequence[asked] == sequence)
        parts.append(sparse.diags_array(inside.astype(np.float32)) @ rows[asked])
    return sparse.csr_array(sparse.hstack(parts))


def _features(inputs: Values, sizes: Sequence[int]) -> Any:
    """Return ids as one-hot rows, and numbers as themselves beside whether they are missing."""
    from scipy import sparse

    places, parts = np.arange(len(inputs)), list[Any]()
    for column, size in zip(inputs.T, sizes, strict=True):
        if size:
            ones = np.ones(len(inputs), np.float32)
            parts.append(sparse.csr_array((ones, (places, column.astype(int))), shape=(len(inputs), size)))
        else:
            parts.append(
                sparse.csr_array(np.stack([np.nan_to_num(column), np.isnan(column)], 1, dtype=np.float32))
            )
    return sparse.csr_array(sparse.hstack(parts))
