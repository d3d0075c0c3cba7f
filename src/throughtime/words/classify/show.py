"""Judgements and explanations on the screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from throughtime.words.classify.compare import Compared
from throughtime.words.classify.explain import Piece
from throughtime.words.classify.measure import Judgement
from throughtime.words.features.codebook import CodebookHistogram

STRONG, WEAK = 0.5, 0.1
"""Shares of the largest weight: beyond one a word is shown strongly, below the other without a colour."""

SHOWN = 10
"""Words whose weights are told."""


@dataclass(frozen=True)
class Judged:
    """A judgement as it is printed and written, with its floor where that is known, and notes above it."""

    judgement: Judgement
    floor: Compared | None = None
    notes: Sequence[str] = ()
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        floor = {} if self.floor is None else {"floor": self.floor.to_dict()}
        return {**self.about, **self.judgement.to_dict(), **floor}

    def show(self) -> Iterator[RenderableType]:
        """Yield the notes, the figures and the table of labels."""
        yield from (*self.notes, *judgement_lines(self.judgement))
        if self.floor is not None:
            yield f"{self.floor.method}: accuracy {self.floor.judgement.accuracy} %"
        yield labels_table(self.judgement)


def judgement_lines(judged: Judgement) -> list[str]:
    """The figures of a judgement, a line each."""
    return [
        f"{judged.texts:,} texts; accuracy {judged.accuracy} %, 95 % interval by Wilson",
        f"macro-averaged F1 {judged.macro_f1:.3f}, log loss {judged.log_loss:.3f}, "
        f"calibration error {judged.calibration_error:.3f}",
    ]


def labels_table(judged: Judgement) -> Table:
    """How well each label is found, and what texts of it were called."""
    table = Table(title="By label", title_justify="left")
    table.add_column("label")
    for heading in ("texts", "precision", "recall", "F1", "taken for, most often"):
        table.add_column(heading, justify="left" if heading.startswith("taken") else "right")
    for row, label in enumerate(judged.labels):
        scores = (f"{score:.3f}" for score in (label.precision, label.recall, label.f1))
        table.add_row(Text(label.label), f"{label.count:,}", *scores, Text(_mistaken(judged, row)))
    return table


def _mistaken(judged: Judgement, row: int) -> str:
    others = [(count, k) for k, count in enumerate(judged.confusion[row]) if k != row and count]
    if not others:
        return ""
    count, k = max(others, key=lambda other: (other[0], -other[1]))
    return f"{judged.labels[k].label} ({count:,})"


def explained(pieces: Sequence[Piece]) -> Text:
    """A text whose words are green where they spoke for what was said, and red where against it.

    The strongest stand again below, with what they weigh.
    """
    most = max((abs(piece.weight) for piece in pieces), default=0.0)
    text = Text()
    for piece in pieces:
        share = abs(piece.weight) / most if most else 0.0
        style = ("green" if piece.weight > 0 else "red") + (" bold" if share > STRONG else "")
        text.append(piece.text, style if share > WEAK else "")
        text.append(" ")
    return text.append("\n" + strongest(pieces))


def strongest(pieces: Sequence[Piece]) -> str:
    """The words that weigh most, as "lovely +0.41, but -0.03"; "" where none weighs anything."""
    weighty = sorted((piece for piece in pieces if piece.weight), key=lambda piece: -abs(piece.weight))[
        :SHOWN
    ]
    return ", ".join(f"{piece.text} {piece.weight:+.2g}" for piece in weighty)


def codewords_table(
    features: CodebookHistogram, weights: NDArray[np.float64], labels: Sequence[str], count: int
) -> Table:
    """Each codeword's nearest words, and the label that it speaks for; weights (labels, codewords).

    The strongest come first. A weight is told against the mean of the other labels'.
    """
    table = Table(title="Codewords, the strongest first", title_justify="left")
    for heading in ("codeword", "speaks for", "weight", "its nearest words"):
        table.add_column(heading, justify="right" if heading == "weight" else "left")
    leads = (weights - weights.mean(0)) * len(labels) / (len(labels) - 1)
    for k in np.argsort(-leads.max(0)).tolist():
        words = " ".join(features.nearest_words(k, count))
        label = int(leads[:, k].argmax())
        table.add_row(str(k), Text(labels[label]), f"{leads[label, k]:.2f}", Text(words))
    return table
