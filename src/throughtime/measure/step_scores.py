"""How good the predictions of several methods are at each step of sequences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from throughtime.console import figures
from throughtime.errors import InputError
from throughtime.files.step_corpus import Observed
from throughtime.files.values import Coding
from throughtime.measure.floors import Method, Predictions

if TYPE_CHECKING:
    from rich.console import RenderableType

    from throughtime.measure.intervals import Interval

LABEL_METRICS: Mapping[str, Literal["min", "max"]] = {"loss": "min", "accuracy": "max"}
NUMBER_METRICS: Mapping[str, Literal["min", "max"]] = {"loss": "min", "rmse": "min", "r2": "max"}
"""The scores, and whether lower or higher ones are better."""

MOST_LABELS = 30
"""Labels that a table shows one by one."""


@dataclass(frozen=True, eq=False)
class StepScores:
    """The predictions of several methods for the same steps, whose truth is known.

    predicted: log probabilities of labels (N, L), or numbers (N,), by method, that of the model first.
    truth: (N,), codes of labels, or numbers. target: their coding.
    """

    predicted: Mapping[str, Predictions]
    truth: NDArray[Any]
    target: Coding

    @classmethod
    def of(cls, methods: Mapping[str, Method], part: Observed, target: Coding) -> StepScores:
        """Predict the steps that have a target; raise InputError where none has."""
        known = ~np.isnan(part.targets)
        if not known.any():
            raise InputError(f"no step has a value in {target.column!r}; expected one to judge by")
        predicted = {name: method(part.inputs, part.ends)[known] for name, method in methods.items()}
        return cls(predicted, part.targets[known], target)

    @property
    def scores(self) -> dict[str, dict[str, float]]:
        """The scores of each method, by its name."""
        return {name: self._scores(predicted) for name, predicted in self.predicted.items()}

    def _scores(self, predicted: Predictions) -> dict[str, float]:
        if self.target.names is None:
            return number_scores(predicted, self.truth, self.target.deviation)
        return label_scores(predicted, self.truth)

    @property
    def each_label(self) -> dict[str, dict[str, float]]:
        """How well the first method finds each label, of at most `MOST_LABELS`."""
        names = self.target.names
        if names is None or len(names) > MOST_LABELS:
            return {}
        return each_label(next(iter(self.predicted.values())).argmax(1), self.truth, names)

    def best_floor(self) -> tuple[str, dict[str, float]]:
        """Return name and scores of the method with the least loss but for the first, the model."""
        _, *floors = self.scores.items()
        return min(floors, key=lambda named: named[1]["loss"])

    def interval(self, accuracy: float) -> Interval:
        """Return the interval of an accuracy of these steps in per cent, which takes them as independent."""
        from throughtime.measure.intervals import of_share

        low, high = of_share(round(accuracy / 100 * len(self.truth)), len(self.truth))
        return 100 * low, 100 * high

    def to_dict(self) -> dict[str, Any]:
        """Return everything as values that JSON holds."""
        scores = self.scores
        for each in scores.values():
            if "accuracy" in each:
                each |= dict(
                    zip(("accuracy_low", "accuracy_high"), self.interval(each["accuracy"]), strict=True)
                )
        return {"steps": len(self.truth), "scores": scores, "labels": self.each_label}

    def show(self) -> Iterator[RenderableType]:
        """Yield the table of the methods, and that of the labels."""
        if len(self.predicted) == 1:
            yield "no floors: the data that the model learned from is not beside it"
        title = f"{len(self.truth):,} steps"
        if self.target.names is None:
            rows = {name: (f"{each['rmse']:.4g}", f"{each['r2']:.3f}") for name, each in self.scores.items()}
            yield figures(title, ("root mean square error", "R²"), rows)
            return
        rows = {name: self._cells(**each) for name, each in self.scores.items()}
        yield figures(title, ("accuracy, % (95 %)", "nats a step"), rows)
        if labels := self.each_label:
            cells = {
                name: [
                    f"{value:,.3f}" if isinstance(value, float) else f"{value:,}" for value in each.values()
                ]
                for name, each in labels.items()
            }
            yield figures("By label", ("precision", "recall", "F1", "steps"), cells)

    def _cells(self, loss: float, accuracy: float) -> tuple[str, str]:
        low, high = self.interval(accuracy)
        return f"{accuracy:.2f} ({low:.1f} to {high:.1f})", f"{loss:.3f}"


def label_scores(log_p: Predictions, truth: NDArray[Any]) -> dict[str, float]:
    """Return the mean of -log p(true label), in nats, and the accuracy, in per cent.

    log_p: (N, L). truth: (N,). A label that was not learned is never right, and the mean leaves it out.
    """
    learned = np.flatnonzero(truth < log_p.shape[1])
    nats = -log_p[learned, truth[learned].astype(np.int64)]
    hits = int((log_p.argmax(1) == truth).sum())
    return {"loss": float(nats.mean()) if len(nats) else 0.0, "accuracy": 100 * hits / len(truth)}


def number_scores(predicted: Predictions, truth: NDArray[Any], deviation: float) -> dict[str, float]:
    """Return the mean squared error, its root in units, and R^2 = 1 - error / variance of the truth.

    predicted, truth: (N,), both in units of `deviation`.
    """
    error, variance = float(np.square(predicted - truth).mean()), float(truth.astype(np.float64).var())
    return {"loss": error, "rmse": deviation * error**0.5, "r2": 1 - error / variance if variance else 0.0}


def each_label(
    predicted: NDArray[Any], truth: NDArray[Any], labels: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Return precision, recall, F1 and the number of true steps of each label; predicted, truth: (N,)."""
    from sklearn.metrics import precision_recall_fscore_support

    zero: Any = 0  # which its types do not know
    columns: Any = precision_recall_fscore_support(
        truth, predicted, labels=range(len(labels)), zero_division=zero
    )
    names = ("precision", "recall", "f1", "steps")
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return {label: dict(zip(names, row, strict=True)) for label, row in zip(labels, rows, strict=True)}
