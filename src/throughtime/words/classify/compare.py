"""Methods side by side, on the same parts of the same texts."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from rich.text import Text
from scipy.stats import binomtest

from throughtime.words.classify.config import ClassifyConfig
from throughtime.words.classify.labelled import Labelled, folds
from throughtime.words.classify.measure import Judgement, OfLabel, judge
from throughtime.words.classify.methods import Classifier, Surroundings, learn


@dataclass(frozen=True, eq=False)
class Compared:
    """How one method did on texts that it had not learned from, and in which time it had learned."""

    method: str
    judgement: Judgement
    right: NDArray[np.bool_]  # (N,), whether it was, of each text
    seconds: float  # of learning, all folds together
    trainings: Sequence[Mapping[str, Any]] = ()  # how the training loop ended, of each fold

    def to_dict(self) -> dict[str, Any]:
        """Return everything but `right` as plain values for JSON."""
        trained = {"training": list(self.trainings)} if self.trainings else {}
        return {"method": self.method, "seconds": self.seconds, **trained, **asdict(self.judgement)}

    @property
    def shortfall(self) -> str:
        """What speaks against its model, of the first fold where anything does; "" where it is done."""
        return next((one["shortfall"] for one in self.trainings if one["shortfall"]), "")


@dataclass(frozen=True)
class Split:
    """Texts to learn from, and texts to judge by."""

    train: Labelled
    test: Labelled

    @property
    def shared(self) -> int:
        """Texts to judge by that are to learn from too."""
        known = set(self.train.plain)
        return sum(text in known for text in self.test.plain)


def folded(data: Labelled, count: int, seed: int) -> list[Split]:
    """Return a split for each of `count` folds, which judges what was learned from the others."""
    return [Split(data[train], data[test]) for train, test in folds(data, count, seed)]


def compared(
    method: str, config: ClassifyConfig, splits: Sequence[Split], around: Surroundings
) -> tuple[Compared, Classifier]:
    """Learn anew for each split and judge what is said of all tests together; return the last one too."""
    said, seconds, classifier = list[NDArray[np.float64]](), 0.0, None
    trainings = list[Mapping[str, Any]]()
    for number, split in enumerate(splits, 1):
        fold = f"fold {number} of {len(splits)}, " if len(splits) > 1 else ""
        around.tell(method, f"{fold}learning from {len(split.train):,} texts")
        start = time.monotonic()
        classifier = learn(method, config, split.train, around)
        seconds += time.monotonic() - start
        trainings += [classifier.about["training"]] if "training" in classifier.about else []
        said.append(classifier.probabilities(split.test.texts))
    assert classifier is not None
    chances = np.concatenate(said)
    truth = np.concatenate([split.test.labels for split in splits])
    judged = judge(chances, truth, splits[0].test.names)
    return Compared(method, judged, chances.argmax(1) == truth, seconds, trainings), classifier


def comparison_table(found: Sequence[Compared], title: str) -> Table:
    """All methods in one table, the most accurate first.

    Of two labels the F1 of the rarer one is told, of more the mean of all.
    """
    table = Table(title=title, title_justify="left")
    table.add_column("method")
    for heading in ("accuracy, % (95 %)", _f1_heading(found[0].judgement), "log loss", "seconds"):
        table.add_column(Text(heading), justify="right")
    for one in in_order(found):
        judged = one.judgement
        figures = str(judged.accuracy), _f1(judged), f"{judged.log_loss:.3f}", f"{one.seconds:.0f}"
        table.add_row(one.method, *figures)
    return table


def in_order(found: Sequence[Compared]) -> list[Compared]:
    """Return the most accurate first."""
    return sorted(found, key=lambda one: -one.judgement.accuracy.value)


def verdict(found: Sequence[Compared]) -> str:
    """Say which method wins, and how likely so much of a lead is by chance: McNemar's exact test (1947)."""
    first, *others = in_order(found)
    if not others:
        return f"{first.method} is right in {first.judgement.accuracy} % of the texts"
    second = others[0]
    ahead = int((first.right & ~second.right).sum())
    behind = int((second.right & ~first.right).sum())
    chance = binomtest(ahead, ahead + behind).pvalue if ahead + behind else 1.0
    return (
        f"{first.method} wins: it alone is right in {ahead:,} texts, {second.method} alone in {behind:,} "
        f"(by chance with p = {chance:.2g})"
    )


def _f1_heading(judged: Judgement) -> str:
    return f"F1 of {_rarest(judged).label}" if len(judged.labels) == 2 else "mean F1"


def _f1(judged: Judgement) -> str:
    if len(judged.labels) > 2:
        return f"{judged.macro_f1:.3f}"
    one = _rarest(judged)
    low, high = one.f1_interval
    return f"{one.f1:.3f} ({low:.2f} to {high:.2f})"


def _rarest(judged: Judgement) -> OfLabel:
    return min(judged.labels, key=lambda label: label.count)
