"""Linear classifiers over what a transformer makes of texts."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.preprocessing import MaxAbsScaler

from throughtime.artefact.file import Artefact, save
from throughtime.words.classify.calibrate import fit_temperature
from throughtime.words.classify.config import KIND
from throughtime.words.classify.labelled import Labelled, folds
from throughtime.words.features.averages import MeanVectors
from throughtime.words.features.bags import BagOfWords, OneHot, TfIdf
from throughtime.words.features.codebook import CodebookHistogram

FOLDS = 5
"""Of the texts that are learned from, by which strength and temperature are chosen."""

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
        config, arrays = artefact.config, {name: one.numpy() for name, one in artefact.tensors.items()}
        own = {name.removeprefix("features."): one for name, one in arrays.items() if name[:9] == "features."}
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
    parts = list(folds(train, _parts(train), seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of the weights that are kept it is told below
        search = GridSearchCV(
            LogisticRegression(max_iter=STEPS), {"C": STRENGTHS}, scoring="neg_log_loss", cv=parts
        ).fit(rows, train.labels)
        best: LogisticRegression = search.best_estimator_
        scores: Any = cross_val_predict(best, rows, train.labels, cv=parts, method="decision_function")
    if best.n_iter_.max() >= STEPS:
        tell(f"the weights still moved after {STEPS} steps of the solver")
    scales: Any = scale.scale_
    weights, bias = _of_every_label(best)
    temperature = fit_temperature(_two_columns(scores), train.labels)
    return LinearClassifier(features, weights / scales, bias, train.names, temperature)


def _parts(train: Labelled) -> int:
    """Folds: five, or as many as the rarest label has different texts."""
    distinct = (len(np.unique(train.groups[train.labels == label])) for label in range(len(train.names)))
    return min(FOLDS, *distinct)


def _of_every_label(model: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights and bias with a row for each label, where two labels share one."""
    weights, bias = model.coef_, model.intercept_
    if len(weights) > 1:
        return weights, bias
    return np.concatenate([np.zeros_like(weights), weights]), np.concatenate([np.zeros_like(bias), bias])


def _two_columns(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.zeros_like(scores), scores], 1) if scores.ndim == 1 else scores
