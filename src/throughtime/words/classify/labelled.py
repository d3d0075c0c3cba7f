"""Texts with labels, and how they are parted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from throughtime.errors import InputError
from throughtime.files.documents import Document

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Labelled:
    """Texts, and of each the place of its label among the names."""

    texts: Sequence[str]
    labels: Places  # (N,)
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, chosen: Places) -> Labelled:
        """Return some of them."""
        return Labelled([self.texts[int(k)] for k in chosen], self.labels[chosen], self.names)

    @property
    def plain(self) -> Iterator[str]:
        """The texts with one space wherever white space is."""
        return (" ".join(text.split()) for text in self.texts)

    @cached_property
    def groups(self) -> Places:
        """Of each text a number, (N,): equal ones for texts that differ in nothing but white space."""
        places = {text: number for number, text in enumerate(sorted(set(self.plain)))}
        return np.array([places[text] for text in self.plain], np.int64)

    @property
    def counts(self) -> dict[str, int]:
        """How many have which label."""
        found = np.bincount(self.labels, minlength=len(self.names)).tolist()
        return dict(zip(self.names, found, strict=True))


def labelled(documents: Iterable[Document], names: Sequence[str] | None = None) -> Labelled:
    """Gather documents; labels are sorted by name, or those of `names`.

    Raises InputError for a document without a label or with one that is not in `names`, and where there are
    fewer than two labels.
    """
    texts, labels = list[str](), list[str]()
    for document in documents:
        if document.label is None:
            raise InputError(f"the text {document.text[:40]!r} has no label; expected one for every text")
        texts.append(document.text)
        labels.append(document.label)
    known = tuple(names or sorted(set(labels)))
    if unknown := sorted(set(labels) - set(known)):
        raise InputError(f"the label {unknown[0]!r} is none of the model's; expected one of {_told(known)}")
    if len(known) < 2:
        raise InputError(
            f"all {len(texts):,} texts have the label {_told(known)}; expected two labels or more"
        )
    places = {name: k for k, name in enumerate(known)}
    return Labelled(texts, np.array([places[label] for label in labels], np.int64), known)


def require_texts(data: Labelled, least: int) -> None:
    """Raise InputError for a label with fewer different texts."""
    for label, name in enumerate(data.names):
        count = len(np.unique(data.groups[data.labels == label]))
        if count < least:
            raise InputError(f"different texts with label {name!r}: {count}; expected {least} or more")


def folds(data: Labelled, count: int, seed: int) -> Iterator[tuple[Places, Places]]:
    """Part the texts into `count` folds, labels in about equal shares; yield for each the others and itself.

    Equal texts are in one fold. Raises InputError where a label has fewer texts than there are folds.
    """
    require_texts(data, count)
    parts = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    yield from parts.split(np.zeros(len(data)), data.labels, data.groups)


def held_out(data: Labelled, share: float, seed: int) -> tuple[Places, Places]:
    """Hold out about this share of the texts of each label, one at least; return the others and those.

    Equal texts stay together. Raises InputError for a label with fewer than two texts.
    """
    require_texts(data, 2)
    draw, out = np.random.default_rng(seed), np.zeros(len(data), np.bool_)
    for label in range(len(data.names)):
        groups = np.unique(data.groups[data.labels == label])
        drawn = draw.permutation(groups)[: max(round(share * len(groups)), 1)]
        out |= np.isin(data.groups, drawn)
    return np.flatnonzero(~out), np.flatnonzero(out)


def _told(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
