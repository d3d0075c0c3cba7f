"""Several processes train as one does, and end together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

import dividing
from throughtime.training.checkpoint import Checkpoint
from tolerances import tolerance

SCRIPT = Path(dividing.__file__)


def run(folder: Path, processes: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    launch = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command = [sys.executable, *(launch if processes > 1 else []), str(SCRIPT), str(folder), *arguments]
    places = os.pathsep.join([str(SCRIPT.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": places, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def losses(folder: Path) -> list[tuple[int, float]]:
    lines: list[dict[str, Any]] = list(map(json.loads, (folder / "metrics.jsonl").read_text().splitlines()))
    return [(line["step"], line["loss"]) for line in lines if line["event"] == "train"]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(folder / "last.safetensors")


def same(one: Path, other: Path) -> None:
    assert [step for step, _ in losses(one)] == [step for step, _ in losses(other)]
    for (_, mine), (_, its) in zip(losses(one), losses(other), strict=True):
        assert mine == pytest.approx(its, rel=tolerance("gradient", torch.float32)["rtol"])
    torch.testing.assert_close(weights(one), weights(other), **tolerance("gradient", torch.float32))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one process that takes two batches for a step; the seventh of an epoch stays alone."""
    folder = tmp_path_factory.mktemp("alone")
    assert run(folder, 1, "2", "3").returncode == 0
    assert len(losses(folder)) == 3 * 4
    return folder


def test_two_processes_are_one_with_twice_the_batches(alone: Path, tmp_path: Path) -> None:
    done = run(tmp_path, 2, "1", "3")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epoch 3 ") == 1  # one of them speaks
    same(tmp_path, alone)


def test_a_run_goes_on_with_another_number_of_processes(alone: Path, tmp_path: Path) -> None:
    assert run(tmp_path, 2, "1", "1.3").returncode == 0  # ends inside of the second epoch
    done = run(tmp_path, 1, "2", "3", "resume")
    assert done.returncode == 0, done.stderr
    assert "max_epochs 3.0 (was 1.3), accumulate 2 (was 1), processes 1 (was 2)" in done.stdout
    torch.testing.assert_close(weights(tmp_path), weights(alone), **tolerance("gradient", torch.float32))


def test_where_one_is_killed_the_others_say_so_and_the_checkpoint_is_whole(
    alone: Path, tmp_path: Path
) -> None:
    done = run(tmp_path, 2, "1", "3", "killed")
    assert done.returncode != 0
    assert (
        f"process 0 of 2 lost another one of the run; the last checkpoint in {tmp_path} is whole, "
        "and as many or other processes go on from it"
    ) in done.stderr
    assert Checkpoint(tmp_path / "checkpoint.safetensors").state.epoch == 1
    assert run(tmp_path, 2, "1", "3", "resume").returncode == 0
    torch.testing.assert_close(weights(tmp_path), weights(alone), **tolerance("gradient", torch.float32))


def test_each_process_gets_its_own_tensors_back(tmp_path: Path) -> None:
    straight, parts = tmp_path / "straight", tmp_path / "parts"
    assert run(straight, 2, "1", "3", "carrying").returncode == 0
    assert run(parts, 2, "1", "1.3", "carrying").returncode == 0  # ends inside of the second epoch
    checkpoint = Checkpoint(parts / "checkpoint.safetensors")
    own = [checkpoint.task_tensors(rank)["state"] for rank in (0, 1)]
    assert not torch.equal(*own)
    refused = run(parts, 1, "2", "3", "resume", "carrying")
    assert refused.stderr == (
        f"{parts / 'checkpoint.safetensors'} holds the task's tensors of each process, of which there were 2 "
        "and are 1; resume with 2\n"
    )
    done = run(parts, 2, "1", "3", "resume", "carrying")
    assert done.returncode == 0, done.stderr
    assert all(torch.equal(value, weights(parts)[name]) for name, value in weights(straight).items())
