"""What the simplest translator reaches."""

from __future__ import annotations

import math

import numpy as np
import pytest

from throughtime.seq2seq import floor
from throughtime.seq2seq.floor import floor_of
from throughtime.text.pair_corpus import EncodedCorpus


class Corpus:
    """Targets alone."""

    def __init__(self, *targets: list[int]) -> None:
        self.targets = targets

    def __len__(self) -> int:
        return len(self.targets)

    def rows(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros(0, np.int32), np.concatenate([self.targets[k] for k in indices])


def test_the_loss_is_that_of_word_frequencies_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floor, "_ROWS", 2)
    train: EncodedCorpus = Corpus([0, 1, 1], [1, 2], [2, 1])  # pyright: ignore[reportAssignmentType]
    held_out: EncodedCorpus = Corpus([1, 3], [0])  # pyright: ignore[reportAssignmentType]
    found = floor_of(train, held_out, 4, ["a b c d", "a b c d", "e f"])
    p = np.array([2, 5, 3, 1]) / 11
    assert found.metrics["loss"] == pytest.approx(-np.log(p[[1, 3, 0]]).mean())
    assert found.metrics["perplexity"] == pytest.approx(math.exp(found.metrics["loss"]))
    assert found.metrics["accuracy"] == pytest.approx(200 / 3)
    assert 0 < found.metrics["bleu"] < 100
