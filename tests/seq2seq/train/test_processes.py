"""A translator trained by two processes that torchrun starts, and by one."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import safetensors.torch
import torch

import throughtime
from letter_runs import MakeConfig
from throughtime.seq2seq.config import DataConfig, ModelConfig, TrainConfig, TrainingConfig
from tolerances import tolerance

SOURCE = Path(throughtime.__file__).parents[1]


def options(config: TrainConfig) -> list[str]:
    """The options of the command line that give these settings."""
    found: list[str] = []
    for part, plain in (
        (config.data, DataConfig()),
        (config.model, ModelConfig()),
        (config.training, TrainingConfig()),
    ):
        usual = asdict(plain)
        for name, value in asdict(part).items():
            if value != usual[name]:
                values = value if isinstance(value, tuple) else [value]
                found += [f"--{name.replace('_', '-')}", *map(str, values)]
    return found


def throughtime_by(processes: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    launch = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command = [sys.executable, *(launch if processes > 1 else []), "-m", "throughtime", "seq2seq", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200, check=False)


def weights(folder: str) -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(f"{folder}/last.safetensors")


def test_two_processes_train_what_one_trains(make_config: MakeConfig) -> None:
    config = make_config(max_epochs=2, accumulate=2, average_last=2)
    alone = throughtime_by(1, "train", "--folder", "alone", *options(config))
    assert alone.returncode == 0, alone.stderr
    two = make_config(max_epochs=2, average_last=2)
    together = throughtime_by(2, "train", "--folder", "together", *options(two))
    assert together.returncode == 0, together.stderr
    assert together.stdout.count("The model is together/best.safetensors") == 1
    assert "free for 2 processes, each" in together.stdout
    torch.testing.assert_close(weights("together"), weights("alone"), **tolerance("gradient", torch.float32))


def test_what_cannot_be_trained_on_is_said_once(make_config: MakeConfig) -> None:
    config = make_config(data={"corpus": ("none.tsv",)})
    refused = throughtime_by(2, "train", "--folder", "new", *options(config))
    assert refused.returncode != 0
    assert refused.stderr.count("throughtime: none.tsv does not exist") == 1
    assert not Path("new").exists()
