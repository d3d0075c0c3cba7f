"""Checkpoints put back what they took down, and refuse what does not fit."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from safetensors import safe_open
from torch import nn

from throughtime.errors import InputError
from throughtime.training.checkpoint import Checkpoint, save_checkpoint, write_tensors
from throughtime.training.config import Optimiser, TrainingConfig
from throughtime.training.optimisers import make_optimiser, set_learning_rate
from throughtime.training.state import RunState
from throughtime.training.task import ParameterGroup


def model() -> nn.Module:
    torch.manual_seed(5)
    layers = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 3), nn.Linear(3, 3))
    layers[3].weight = layers[2].weight  # tied
    return layers


def one_group(module: nn.Module) -> list[ParameterGroup]:
    return [ParameterGroup(list(module.parameters()))]


def train(module: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    for step in range(3):
        optimiser.zero_grad()
        module(torch.randn(4, 2, generator=torch.Generator().manual_seed(step))).square().sum().backward()
        optimiser.step()


def saved(path: Path, config: TrainingConfig) -> nn.Module:
    module = model()
    optimiser = make_optimiser(config, one_group(module))
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
    again = make_optimiser(config, one_group(resumed))
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
        Checkpoint(tmp_path / "c").restore(module, make_optimiser(config, one_group(module)), config)


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
    optimiser = make_optimiser(TrainingConfig(), one_group(other))
    with pytest.raises(InputError, match=re.escape(f"is of another model: {sentence}")):
        Checkpoint(tmp_path / "c").restore(other, optimiser, TrainingConfig())


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    write_tensors(tmp_path / "c", {"w": torch.ones(1)}, {"format": "throughtime checkpoint 99"})
    with pytest.raises(InputError) as error:
        Checkpoint(tmp_path / "c")
    assert str(error.value) == (
        f"{tmp_path / 'c'} is not a checkpoint to resume from: its format is 'throughtime checkpoint 99', "
        "expected 'throughtime checkpoint 4'; restore it from a copy or train again"
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


def test_the_rates_of_groups_come_back(tmp_path: Path) -> None:
    config = TrainingConfig(weight_decay=0.01)

    def groups(module: nn.Module) -> list[ParameterGroup]:
        first, *rest = module.children()
        return [
            ParameterGroup(list(first.parameters()), 0.25, 0.0),
            ParameterGroup(list(nn.Sequential(*rest).parameters())),
        ]

    module, resumed = model(), model()
    optimiser, again = (make_optimiser(config, groups(each)) for each in (module, resumed))
    train(module, optimiser)
    save_checkpoint(tmp_path / "c", module, optimiser, RunState(), config)
    Checkpoint(tmp_path / "c").restore(resumed, again, config)
    for each, its in ((module, optimiser), (resumed, again)):
        set_learning_rate(its, 0.5)
        train(each, its)
    assert [group["lr"] for group in again.param_groups] == [0.125, 0.5]
    assert all(
        torch.equal(a, b)
        for a, b in zip(module.state_dict().values(), resumed.state_dict().values(), strict=True)
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda first, rest: [ParameterGroup(first, 0.5), ParameterGroup(rest)],
            "0.weight is in group 1 with learning rate factor 0.5, "
            "was in group 1 with learning rate factor 0.1",
        ),
        (
            lambda first, rest: [ParameterGroup(first, 0.1, 0.25), ParameterGroup(rest)],
            "0.weight is in group 1 with learning rate factor 0.1 and weight decay 0.25, "
            "was in group 1 with learning rate factor 0.1",
        ),
        (
            lambda first, rest: [ParameterGroup([*first, *rest], 0.1)],
            "1.weight is in group 1 with learning rate factor 0.1, "
            "was in group 2 with learning rate factor 1",
        ),
        (
            lambda first, rest: [ParameterGroup(first[:1], 0.1), ParameterGroup(rest)],
            "0.bias is frozen, was in group 1 with learning rate factor 0.1",
        ),
        (
            lambda first, rest: [ParameterGroup(first[::-1], 0.1), ParameterGroup(rest)],
            "their order is another",
        ),
    ],
)
def test_other_groups_are_refused(tmp_path: Path, change: Any, sentence: str) -> None:
    module, config = model(), TrainingConfig()
    first, rest = list(module[0].parameters()), list(module[1:].parameters())  # pyright: ignore
    made = make_optimiser(config, [ParameterGroup(first, 0.1), ParameterGroup(rest)])
    save_checkpoint(tmp_path / "c", module, made, RunState(), config)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    train(module, made)
    after = {name: value.clone() for name, value in module.state_dict().items()}
    with pytest.raises(InputError) as error:
        Checkpoint(tmp_path / "c").restore(module, make_optimiser(config, change(first, rest)), config)
    assert str(error.value) == (
        f"{tmp_path / 'c'} was made with other groups of parameters: {sentence}; resume with the groups that "
        "the run began with"
    )
    assert not torch.equal(after["0.weight"], before["0.weight"])
    assert all(torch.equal(value, after[name]) for name, value in module.state_dict().items())


def test_tensors_of_the_task_come_back_to_their_process(tmp_path: Path) -> None:
    module, config = model(), TrainingConfig()
    own = [{"h.x": torch.full((), rank), "n": torch.tensor([rank])} for rank in (3, 4)]
    optimiser = make_optimiser(config, one_group(module))
    save_checkpoint(tmp_path / "c", module, optimiser, RunState(processes=2), config, task_tensors=own)
    checkpoint = Checkpoint(tmp_path / "c")
    assert [checkpoint.task_tensors(rank) for rank in (0, 1)] == own
