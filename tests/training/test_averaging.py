"""The mean of weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from throughtime.errors import InputError
from throughtime.training.averaging import Snapshots, mean_weights


def test_the_mean_is_that_of_the_hand() -> None:
    sets = [
        {"w": torch.tensor([1.0, 10.0])},
        {"w": torch.tensor([2.0, 20.0])},
        {"w": torch.tensor([6.0, 0.0])},
    ]
    mean = mean_weights(sets, 3)["w"]
    assert mean.tolist() == [3.0, 10.0]
    assert mean.dtype == torch.float32


def test_sums_are_exact_where_float32_would_round() -> None:
    sets = [{"w": torch.tensor(2.0**24)}, {"w": torch.tensor(1.0)}, {"w": torch.tensor(1.0)}]
    assert mean_weights(sets, 2)["w"].item() == 2**23 + 1


def test_whole_numbers_are_those_of_the_last() -> None:
    assert mean_weights([{"n": torch.tensor(3)}, {"n": torch.tensor(8)}], 2)["n"].item() == 8


def test_snapshots_are_kept_averaged_and_cleared(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path / "snapshots")
    for step in (1, 2, 3):
        snapshots.keep(step, {"w": torch.tensor([float(step)])})
    assert snapshots.mean([2, 3])["w"].tolist() == [2.5]
    snapshots.clear()
    assert list(snapshots.folder.iterdir()) == []


def test_a_missing_snapshot_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"step-000007\.safetensors does not exist"):
        Snapshots(tmp_path).mean([7])


def test_a_damaged_snapshot_and_one_of_another_step_are_refused(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path / "snapshots")
    for step in (1, 2):
        snapshots.keep(step, {"w": torch.tensor([float(step)])})
    snapshots.path(1).write_bytes(snapshots.path(2).read_bytes())
    with pytest.raises(InputError, match=r"step-000001\.safetensors is not the snapshot of step 1; restore"):
        snapshots.mean([1, 2])
    data = bytearray(snapshots.path(2).read_bytes())
    data[-1] ^= 1
    snapshots.path(2).write_bytes(data)
    with pytest.raises(InputError, match=r"step-000002\.safetensors is damaged: its content does not match"):
        snapshots.mean([2])
