"""Checkpoints put back what they took down, and refuse what does not fit."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
import safetensors.torch
import torch
from safetensors import safe_open
from torch import nn

from throughtime.errors import InputError
from throughtime.training.checkpoint import Checkpoint, save_checkpoint, write_tensors
from throughtime.training.config import Optimiser, TrainingConfig
from throughtime.training.optimisers import make_optimiser
from throughtime.training.state import RunState


def model() -> nn.Module:
    torch.manual_seed(5)
    layers = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 3), nn.Linear(3, 3))
    layers[3].weight = layers[2].weight  # tied
    return layers


def train(module: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    for step in range(3):
        optimiser.zero_grad()
        module(torch.randn(4, 2, generator=torch.Generator().manual_seed(step))).square().sum().backward()
        optimiser.step()


def saved(path: Path, config: TrainingConfig) -> nn.Module:
    module = model()
    optimiser = make_optimiser(config, module.parameters())
    train(module, optimiser)
    save_checkpoint(path, module, optimiser, RunState(step=3), config)
    train(module, optimiser)
    return module


@pytest.mark.parametrize(
    ("optimiser", "momentum"), [("adam", 0.0), ("adamw", 0.0), ("sgd", 0.0), ("sgd", 0.9)]
)
def test_training_goes_on_to_the_same_bits(tmp_path: Path, optimiser: Optimiser, momentum: float) -> None:
    config = TrainingConfig(optimiser=optimiser, momentum=momentum, weight_decay=0.01)
    straight = saved(tmp_path / "c", config)
    resumed = model()
    again = make_optimiser(config, resumed.parameters())
    checkpoint = Checkpoint(tmp_path / "c")
    checkpoint.restore(resumed, again, config)
    train(resumed, again)
    assert checkpoint.state == RunState(step=3)
    assert all(
        torch.equal(a, b)
        for a, b in zip(straight.state_dict().values(), resumed.state_dict().values(), strict=True)
    )


def test_changes_of_the_configuration_are_told(tmp_path: Path) -> None:
    saved(tmp_path / "c", TrainingConfig(learning_rate=0.5, betas=(0.9, 0.99)))
    checkpoint = Checkpoint(tmp_path / "c")
    assert checkpoint.changes(TrainingConfig(learning_rate=0.5, betas=(0.9, 0.99))) == []
    assert checkpoint.changes(TrainingConfig(learning_rate=0.25, betas=(0.9, 0.99), max_epochs=20.0)) == [
        "learning_rate 0.25 (was 0.5)",
        "max_epochs 20.0 (was 10.0)",
    ]


def test_another_optimiser_is_refused(tmp_path: Path) -> None:
    saved(tmp_path / "c", TrainingConfig())
    config, module = TrainingConfig(optimiser="sgd"), model()
    sentence = f"optimiser is sgd, but {tmp_path / 'c'} was made with adam; expected adam"
    with pytest.raises(InputError, match=re.escape(sentence)):
        Checkpoint(tmp_path / "c").restore(module, make_optimiser(config, module.parameters()), config)


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        (nn.Sequential(nn.Linear(2, 4)), "weight 0.weight has shape (3, 2), expected (4, 2)"),
        (nn.Sequential(nn.Linear(2, 3)), "weight 1.bias has shape (3,), expected none"),
        (nn.ModuleDict({"a": nn.Linear(2, 3)}), "weight a.weight has shape none, expected (3, 2)"),
    ],
)
def test_another_model_is_refused(tmp_path: Path, other: nn.Module, sentence: str) -> None:
    saved(tmp_path / "c", TrainingConfig())
    optimiser = make_optimiser(TrainingConfig(), other.parameters())
    with pytest.raises(InputError, match=re.escape(f"is of another model: {sentence}")):
        Checkpoint(tmp_path / "c").restore(other, optimiser, TrainingConfig())


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    write_tensors(tmp_path / "c", {"w": torch.ones(1)}, {"format": "throughtime checkpoint 99"})
    with pytest.raises(InputError) as error:
        Checkpoint(tmp_path / "c")
    assert str(error.value) == (
        f"{tmp_path / 'c'} is not a checkpoint to resume from: its format is 'throughtime checkpoint 99', "
        "expected 'throughtime checkpoint 3'; restore it from a copy or train again"
    )


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none does not exist; expected a checkpoint$"):
        Checkpoint(tmp_path / "none")


def test_flipped_bits_are_refused(tmp_path: Path) -> None:
    path, draw = tmp_path / "c", random.Random(0)
    saved(path, TrainingConfig())
    whole = path.read_bytes()
    for _ in range(1000):
        data = bytearray(whole)
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        path.write_bytes(data)
        with pytest.raises(InputError, match=r"checkpoint|damaged|truncated"):
            Checkpoint(path)


def test_swapped_moments_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "c"
    saved(path, TrainingConfig())
    with safe_open(path, framework="pt") as file:
        tensors, metadata = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118
    first, second = "optimiser.0.exp_avg", "optimiser.0.exp_avg_sq"
    tensors[first], tensors[second] = tensors[second], tensors[first]
    safetensors.torch.save_file(tensors, path, metadata)
    with pytest.raises(InputError) as error:
        Checkpoint(path)
    assert str(error.value) == (
        f"{path} is damaged: its content does not match the digest stored with it; "
        "restore it from a copy or train again"
    )
