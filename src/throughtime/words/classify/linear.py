"""Linear classifiers over what a transformer makes of texts."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import MaxAbsScaler

from throughtime.artefact.file import Artefact, save
from throughtime.words.classify.calibrate import fit_temperature
from throughtime.words.classify.config import KIND
from throughtime.words.classify.labelled import Labelled, Places, folds
from throughtime.words.features.averages import MeanVectors
from throughtime.words.features.bags import BagOfWords, OneHot, TfIdf
from throughtime.words.features.codebook import CodebookHistogram

FOLDS = 5
"""Of the texts that are learned from, by which strength and temperature are chosen."""

MANY = 10_000
"""Texts of which one fold tells enough."""

STEPS = 300
"""Of the solver at most."""

STRENGTHS = tuple(10.0**k for k in range(-3, 4))
"""C of logistic regression, among which to choose: the larger, the larger the weights may be."""

KINDS = {kind.__name__: kind for kind in (OneHot, BagOfWords, TfIdf, CodebookHistogram, MeanVectors)}

Matrix = Any
"""Rows of features, dense or sparse (N, F)."""


class Features(Protocol):
    """What makes rows of texts, and can be written down."""

    def fit_transform(self, X: Sequence[str], /) -> Matrix: ...

    def transform(self, X: Sequence[str], /) -> Matrix: ...

    def to_dict(self) -> dict[str, Any]: ...

    def to_arrays(self) -> dict[str, NDArray[Any]]: ...

    @classmethod
    def from_parts(cls, fields: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self: ...


class LinearClassifier:
    """p(label | text) = softmax((W s x + b) / temperature), x the features of the text, s their scales."""

    def __init__(
        self,
        features: Features,
        weights: NDArray[np.float64],  # (L, F), the scales in them
        bias: NDArray[np.float64],  # (L,)
        labels: tuple[str, ...],
        temperature: float,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        self.features, self.weights, self.bias = features, weights, bias
        self.labels, self.temperature, self.about = labels, temperature, dict(about or {})

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return (N, L)."""
        return softmax(self.logits(texts) / self.temperature, axis=1)

    def logits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return (N, L), before the temperature."""
        return np.asarray(self.features.transform(texts) @ self.weights.T) + self.bias

    def save(self, path: Path) -> None:
        """Write the one file."""
        arrays = {f"features.{name}": array for name, array in self.features.to_arrays().items()}
        arrays |= {"weights": self.weights, "bias": self.bias}
        config = {
            "method": "linear",
            "labels": self.labels,
            "temperature": self.temperature,
            "about": self.about,
            "kind": type(self.features).__name__,
            "features": self.features.to_dict(),
        }
        tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
        save(Artefact(KIND, config, tensors, {}), path)

    @classmethod
    def from_artefact(cls, artefact: Artefact) -> LinearClassifier:
        """Return what `save` wrote."""
        config, arrays = artefact.config, {name: tensor.numpy() for name, tensor in artefact.tensors.items()}
        own = {
            name.removeprefix("features."): array
            for name, array in arrays.items()
            if name.startswith("features.")
        }
        features = KINDS[config["kind"]].from_parts(config["features"], own)
        ours = tuple(config["labels"]), config["temperature"], config["about"]
        return cls(features, arrays["weights"], arrays["bias"], *ours)


def train_linear(
    features: Features, train: Labelled, seed: int, tell: Callable[[str], None] = lambda note: None
) -> LinearClassifier:
    """Learn from texts: logistic regression, whose strength is the one of the least loss on parts held out.

    Features are made of all texts, but of no label, and divided by their largest magnitude. The temperature
    is found on parts whose labels were held out too. `tell` hears of a search that ended too early.
    """
    scale = MaxAbsScaler()
    rows = scale.fit_transform(features.fit_transform(train.texts))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of the weights that are kept it is told below
        held_out = _best_strength(rows, train, _parts(train, seed))
        best = _learned(held_out.strength, rows, train.labels)
    if best.n_iter_.max() >= STEPS:
        tell(f"the weights still moved after {STEPS} steps of the solver")
    scales: Any = scale.scale_
    weights, bias = _of_every_label(best)
    temperature = fit_temperature(held_out.logits, held_out.truth)
    return LinearClassifier(features, weights / scales, bias, train.names, temperature)


@dataclass(frozen=True)
class _HeldOut:
    """What models of one strength say of texts that they have not learned from."""

    strength: float
    logits: NDArray[np.float64]  # (N, L)
    truth: NDArray[np.int64]  # (N,)

    @property
    def loss(self) -> float:
        """Mean of -log p(true label)."""
        return float(-log_softmax(self.logits, axis=1)[np.arange(len(self.truth)), self.truth].mean())


def _best_strength(rows: Matrix, train: Labelled, parts: Sequence[tuple[Places, Places]]) -> _HeldOut:
    """Try strengths, the least first, until the loss grows."""
    best = _held_out(STRENGTHS[0], rows, train, parts)
    for strength in STRENGTHS[1:]:
        tried = _held_out(strength, rows, train, parts)
        if tried.loss >= best.loss:
            break
        best = tried
    return best


def _held_out(
    strength: float, rows: Matrix, train: Labelled, parts: Sequence[tuple[Places, Places]]
) -> _HeldOut:
    scores = [
        _learned(strength, rows[rest], train.labels[rest]).decision_function(rows[out]) for rest, out in parts
    ]
    truth = np.concatenate([train.labels[out] for _, out in parts])
    return _HeldOut(strength, _two_columns(np.concatenate(scores)), truth)


def _learned(strength: float, rows: Matrix, labels: Places) -> Any:
    return LogisticRegression(C=strength, max_iter=STEPS).fit(rows, labels)


def _parts(train: Labelled, seed: int) -> list[tuple[Places, Places]]:
    """Five folds, or as many as the rarest label has different texts; of many texts the first alone."""
    distinct = (len(np.unique(train.groups[train.labels == label])) for label in range(len(train.names)))
    parts = list(folds(train, min(FOLDS, *distinct), seed))
    return parts[:1] if len(train) >= MANY else parts


def _of_every_label(model: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights and bias with a row for each label, where two labels share one."""
    weights, bias = model.coef_, model.intercept_
    if len(weights) > 1:
        return weights, bias
    return np.concatenate([np.zeros_like(weights), weights]), np.concatenate([np.zeros_like(bias), bias])


def _two_columns(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.zeros_like(scores), scores], 1) if scores.ndim == 1 else scores
