"""Methods side by side, on the same parts of the same texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from throughtime.measure.floors import label_shares
from throughtime.measure.paired import compare_paired
from throughtime.words.classify.measure import Judgement, OfLabel, judge

FLOOR = "majority label"


@dataclass(frozen=True, eq=False)
class Compared:
    """How one method did on texts that it had not learned from, and in which time it had learned."""

    method: str
    judgement: Judgement
    right: NDArray[np.bool_]  # (N,), whether it was, of each text
    seconds: float = 0.0  # of learning, all folds together
    trainings: Sequence[Mapping[str, Any]] = ()  # how training ended, of each fold

    def to_dict(self) -> dict[str, Any]:
        """Return everything but `right` as plain values for JSON."""
        trained = {"training": list(self.trainings)} if self.trainings else {}
        return {"method": self.method, "seconds": self.seconds, **trained, **asdict(self.judgement)}

    @property
    def shortfall(self) -> str:
        """What speaks against its model, of the first fold where anything does; "" where it is done."""
        return next((text for each in self.trainings if (text := each.get("shortfall", ""))), "")


def compared(
    method: str,
    probabilities: NDArray[np.float64],
    truth: NDArray[np.int64],
    names: Sequence[str],
    trainings: Sequence[Mapping[str, Any]] = (),
) -> Compared:
    """Judge what a method said of all tests together, probabilities (N, L) by true labels (N,)."""
    judged = judge(probabilities, truth, names)
    seconds = 60 * sum(training["minutes"] for training in trainings)
    return Compared(method, judged, probabilities.argmax(1) == truth, seconds, trainings)


def floor_of(learned: NDArray[np.int64], truth: NDArray[np.int64], names: Sequence[str]) -> Compared:
    """Return what giving each text the shares of the labels in training comes to."""
    shares = label_shares(learned, len(names))
    return compared(FLOOR, np.tile(shares, (len(truth), 1)), truth, names)


@dataclass(frozen=True)
class Comparison:
    """Methods compared, and their floor; `folders` has that of each method's model."""

    methods: Sequence[Compared]
    floor: Compared
    folders: Mapping[str, str]

    @property
    def best(self) -> str:
        """The folder of the most accurate method whose training is done, or of the most accurate."""
        ordered = in_order(self.methods)
        done = [method for method in ordered if not method.shortfall]
        return self.folders[(done or ordered)[0].method]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return {
            "methods": [method.to_dict() for method in in_order(self.methods)],
            "floor": self.floor.to_dict(),
            "verdict": verdict(self.methods),
        }

    def show(self) -> Iterator[RenderableType]:
        """Yield the table, the verdict, and the methods whose training is not done."""
        yield comparison_table(self.methods, f"{self.floor.judgement.texts:,} texts judged", self.floor)
        yield verdict(self.methods)
        for method in self.methods:
            if method.shortfall:
                yield f"{method.method} is not done: {method.shortfall}"


def comparison_table(methods: Sequence[Compared], title: str, floor: Compared | None = None) -> Table:
    """Return all methods in one table, the most accurate first and the floor below them.

    Of two labels it shows the F1 of the rarer one, of more the mean of all.
    """
    table = Table(title=title, title_justify="left")
    table.add_column("method")
    for heading in ("accuracy, % (95 %)", _f1_heading(methods[0].judgement), "log loss", "seconds"):
        table.add_column(Text(heading), justify="right")
    ordered = in_order(methods)
    for method in ordered:
        last = floor is not None and method is ordered[-1]
        table.add_row(method.method, *_figures(method), f"{method.seconds:.0f}", end_section=last)
    if floor is not None:
        table.add_row(floor.method, *_figures(floor), "")
    return table


def in_order(methods: Sequence[Compared]) -> list[Compared]:
    """Return the most accurate first."""
    return sorted(methods, key=lambda method: -method.judgement.accuracy.value)


def verdict(methods: Sequence[Compared]) -> str:
    """Return which method wins, and the p-value of its lead by McNemar's exact test (1947)."""
    first, *others = in_order(methods)
    if not others:
        return f"{first.method} is right in {first.judgement.accuracy} % of the texts"
    second = others[0]
    lead = compare_paired(first.right, second.right)
    return (
        f"{first.method} wins: it alone is right in {lead.ahead:,} texts, {second.method} alone in "
        f"{lead.behind:,} (McNemar's exact test: p = {lead.p_value:.2g})"
    )


def _figures(method: Compared) -> tuple[str, str, str]:
    judged = method.judgement
    return str(judged.accuracy), _f1(judged), f"{judged.log_loss:.3f}"


def _f1_heading(judged: Judgement) -> str:
    return f"F1 of {_rarest(judged).label}" if len(judged.labels) == 2 else "mean F1"


def _f1(judged: Judgement) -> str:
    if len(judged.labels) > 2:
        return f"{judged.macro_f1:.3f}"
    rarest = _rarest(judged)
    low, high = rarest.f1_interval
    return f"{rarest.f1:.3f} ({low:.2f} to {high:.2f})"


def _rarest(judged: Judgement) -> OfLabel:
    return min(judged.labels, key=lambda label: label.count)
