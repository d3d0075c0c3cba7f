"""Windows of inputs and targets, and sequences that are read whole."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from throughtime.layers.windows import Batches, plan, read_whole, whole

ENDS = np.array([5, 7, 12])
INPUTS = np.arange(24, dtype=np.float32).reshape(12, 2)
TARGETS = np.arange(12, dtype=np.float32)


def at(
    places: NDArray[np.int64], inside: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return INPUTS[places], np.where(inside, TARGETS[places], np.float32(np.nan))


def test_every_step_is_in_one_window_with_its_inputs() -> None:
    batches = Batches(at, len(TARGETS), plan(ENDS, 2, 3, shift=4))
    seen: list[float] = []
    for number in range(len(batches)):
        batch = batches[number]
        known = ~batch.targets.isnan()
        assert (batch.inputs[..., 0][known] == 2 * batch.targets[known]).all()
        assert known.sum(0).tolist() == batch.window.lengths.tolist()
        assert (batch.lengths is None) == bool(known.all())
        seen += batch.targets[known].tolist()
    assert sorted(seen) == TARGETS.tolist()


@pytest.mark.parametrize("lanes", [1, 2])
def test_whole_sequences_in_an_order(lanes: int) -> None:
    batches = Batches(at, len(TARGETS), whole(ENDS, 2, np.array([2, 0, 1]), lanes))
    rows = [
        [row[~row.isnan()].tolist() for row in batches[number].targets.unbind(1)]
        for number in range(len(batches))
    ]
    assert rows == [[[7, 8, 9, 10, 11], [0, 1, 2, 3, 4]], [[5, 6], []]]
    assert all(batches[number].window.new.all() for number in range(len(batches)))


@pytest.mark.parametrize("most", [1, 10, 1000])
def test_what_is_read_comes_back_in_order(most: int) -> None:
    asked: list[tuple[int, list[int] | None]] = []

    def read(steps: Tensor, lengths: Tensor | None) -> Tensor:
        asked.append((len(steps), None if lengths is None else lengths.tolist()))
        return 3 * steps

    assert torch.equal(read_whole(read, INPUTS, ENDS, most), torch.from_numpy(3 * INPUTS))
    expected = {1: [(5, None), (5, None), (2, None)], 10: [(5, None), (2, None)], 1000: [(5, [5, 5, 2])]}
    assert asked == expected[most]
