"""Texts of like length, together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from throughtime.words.classify.network import PAD_ID, Texts

Ids = NDArray[np.int64]
JITTER = 0.1
"""Lengths are told apart to so large a share only, so that each epoch puts other texts together."""


@dataclass(frozen=True)
class Encoded:
    """Texts as the ids of their words, each with one at least, and the places of their labels.

    longer: how many texts have more words than these.
    """

    ids: Sequence[Ids]
    labels: NDArray[np.int64]
    longer: int = 0

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def lengths(self) -> Ids:
        """Words of each text (N,)."""
        return np.array(list(map(len, self.ids)), np.int64)

    def texts(self, chosen: Ids) -> Texts:
        """Return some of them as tensors."""
        lengths = self.lengths[chosen]
        padded = np.full((len(chosen), lengths.max()), PAD_ID, np.int64)
        for row, k in zip(padded, chosen, strict=True):
            row[: len(self.ids[k])] = self.ids[k]
        return Texts(*map(torch.from_numpy, (padded, lengths, self.labels[chosen])))


@dataclass(frozen=True)
class Epoch:
    """The batches of one epoch, made one at a time."""

    encoded: Encoded
    plan: Sequence[Ids]

    def __len__(self) -> int:
        return len(self.plan)

    def __getitem__(self, number: int) -> Texts:
        return self.encoded.texts(self.plan[number])


def plan(lengths: Ids, together: int, generator: np.random.Generator) -> list[Ids]:
    """Return which texts form each batch, every text once: like with like, the batches in any order."""
    jittered = lengths * generator.uniform(1 - JITTER, 1 + JITTER, len(lengths))
    order = np.argsort(jittered, kind="stable")
    batches = [order[first : first + together] for first in range(0, len(order), together)]
    return [batches[k] for k in generator.permutation(len(batches))]


def in_order(lengths: Ids, together: int) -> list[Ids]:
    """Return which texts form each batch where nothing is left to chance: by length."""
    order = np.argsort(lengths, kind="stable")
    return [order[first : first + together] for first in range(0, len(order), together)]
