"""What a task may have besides a model: parameter groups, and tensors of its own."""

from __future__ import annotations

import math
import os
import re
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from lightning_fabric import Fabric
from rich.console import Console
from torch import Tensor, nn

from regression import Clock, Killed, Regression, fit
from throughtime.errors import InputError
from throughtime.training.checkpoint import Checkpoint, save_checkpoint
from throughtime.training.config import TrainingConfig
from throughtime.training.non_finite import TrainingError
from throughtime.training.optimisers import groups_of, make_optimiser
from throughtime.training.state import RunState
from throughtime.training.step import Group, Stepper
from throughtime.training.task import HasParameterGroups, HasTensors, Loss, ParameterGroup, tensors_of


class Carrying(Regression):
    """The target depends on a state that is carried from batch to batch; a running mean is kept of it."""

    def __init__(self) -> None:
        super().__init__(dropout=0.3)
        self.state, self.mean = torch.zeros(4, 1), torch.zeros(())

    def loss(self, module: nn.Module, batch: tuple[Tensor, Tensor]) -> Loss:
        x, y = batch
        loss = super().loss(module, (x, y + self.state))
        self.state = 0.9 * self.state + x.mean(1, keepdim=True)
        self.mean.mul_(0.5).add_(self.state.mean())
        return loss

    def tensors(self) -> Mapping[str, Tensor]:
        return {"state": self.state, "mean": self.mean}

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        self.state, self.mean = tensors["state"], tensors["mean"]


def at_batch(number: int, do: Callable[[], Any]) -> Callable[[], None]:
    calls = iter(range(1, 10**6))
    return lambda: do() if next(calls) == number else None


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def kill() -> None:
    raise Killed


def same(a: Regression, b: Regression) -> bool:
    both = ([*task.module.state_dict().values(), *tensors_of(task).values()] for task in (a, b))
    return all(torch.equal(one, other) for one, other in zip(*both, strict=True))


@pytest.fixture
def straight(tmp_path: Path, console: Console) -> Carrying:
    """A task that was trained for three epochs without a stop."""
    task = Carrying()
    fit(task, TrainingConfig(max_epochs=3), tmp_path / "straight", console=console)
    return task


def test_protocols_are_recognised() -> None:
    assert isinstance(Carrying(), HasTensors) and not isinstance(Regression(), HasTensors)
    assert isinstance(Staged(), HasParameterGroups) and not isinstance(Regression(), HasParameterGroups)


def test_copies_of_tensors_do_not_change_with_them() -> None:
    task = Carrying()
    copies = tensors_of(task)
    task.mean.fill_(5.0)
    assert copies["mean"].item() == 0.0
    assert tensors_of(Regression()) == {}


@pytest.mark.parametrize("stop_at", [1, 5, 8, 13])
def test_tensors_of_a_task_survive_an_interruption(
    straight: Carrying, tmp_path: Path, console: Console, stop_at: int
) -> None:
    stopped, resumed = Carrying(), Carrying()
    stopped.before_loss = at_batch(stop_at, interrupt)
    assert fit(stopped, TrainingConfig(max_epochs=3), tmp_path, console=console).step == stop_at
    fit(resumed, TrainingConfig(max_epochs=3), tmp_path, resume=True, console=console)
    assert same(straight, resumed)


def test_tensors_of_a_task_survive_a_kill_inside_an_epoch(
    straight: Carrying, tmp_path: Path, console: Console
) -> None:
    clock, killed, resumed = Clock(), Carrying(), Carrying()
    kill_late = at_batch(15, kill)
    killed.before_loss = lambda: (clock.tick(), kill_late())
    config = TrainingConfig(max_epochs=3, checkpoint_minutes=0.5)  # a checkpoint every three batches
    with pytest.raises(Killed):
        fit(killed, config, tmp_path, console=console, clock=clock)
    checkpoint = Checkpoint(tmp_path / "checkpoint.safetensors")
    assert checkpoint.state.step == 14
    assert (checkpoint.state.epoch, checkpoint.state.batch) == (1, 6)
    fit(resumed, config, tmp_path, resume=True, console=console)
    assert same(straight, resumed)


def test_a_loss_that_is_not_finite_leaves_the_tensors_of_before(
    straight: Carrying, tmp_path: Path, console: Console
) -> None:
    bad, resumed, before = Carrying(), Carrying(), dict[str, Tensor]()

    def spoil() -> None:
        before.update(tensors_of(bad))
        bad.module[0].register_forward_hook(lambda *args: args[2] * math.nan)  # pyright: ignore

    bad.before_loss = at_batch(11, spoil)
    with pytest.raises(TrainingError, match="batch 3, step 11: the loss is not finite"):
        fit(bad, TrainingConfig(max_epochs=3), tmp_path, console=console)
    assert all(torch.equal(value, before[name]) for name, value in tensors_of(bad).items())
    saved = Checkpoint(tmp_path / "checkpoint.safetensors").task_tensors(0)
    assert saved.keys() == before.keys()
    assert all(torch.equal(value, before[name]) for name, value in saved.items())
    fit(resumed, TrainingConfig(max_epochs=3), tmp_path, resume=True, console=console)
    assert same(straight, resumed)


def test_a_task_without_tensors_does_not_take_those_of_another(tmp_path: Path, console: Console) -> None:
    fit(Carrying(), TrainingConfig(max_epochs=1), tmp_path, console=console)
    with pytest.raises(InputError) as error:
        fit(Regression(dropout=0.3), TrainingConfig(max_epochs=2), tmp_path, resume=True, console=console)
    assert str(error.value) == (
        f"{tmp_path / 'checkpoint.safetensors'} holds tensors of its task (mean, state), but this task has "
        "none; resume with the task that the run began with"
    )


def test_tensors_of_two_processes_are_not_for_one(tmp_path: Path, console: Console) -> None:
    task, config, path = Carrying(), TrainingConfig(), tmp_path / "checkpoint.safetensors"
    before = [value.clone() for value in task.module.state_dict().values()]
    made = Carrying()
    nn.init.ones_(made.module[0].weight)  # pyright: ignore
    optimiser = make_optimiser(config, groups_of(made))
    save_checkpoint(path, made.module, optimiser, RunState(processes=2), config, "", [tensors_of(made)] * 2)
    with pytest.raises(InputError) as error:
        fit(task, config, tmp_path, resume=True, console=console)
    assert str(error.value) == (
        f"{path} holds the task's tensors of each process, of which there were 2 and are 1; resume with 2"
    )
    assert all(map(torch.equal, before, task.module.state_dict().values()))


class Staged(Regression):
    """A backbone at a tenth of the head's learning rate; `frozen` keeps it as it is."""

    def __init__(self, factor: float = 0.1, frozen: bool = False) -> None:
        super().__init__(dropout=0.3)
        self.factor = factor
        self.parts: list[Any] = [self.module[0], self.module[3]]  # pyright: ignore
        self.parts[0].requires_grad_(not frozen)

    def parameter_groups(self) -> list[ParameterGroup]:
        backbone, head = ([*part.parameters()] for part in self.parts)
        return [ParameterGroup(backbone, self.factor), ParameterGroup(head)]


def test_a_step_follows_the_rates_of_the_groups_and_clips_them_as_one() -> None:
    task = Staged()
    task.module.eval()
    batch = task.batch(1)
    loss = task.loss(task.module, batch)
    parameters = list(task.module.parameters())
    gradients = torch.autograd.grad(loss.total / loss.count, parameters)
    before = [parameter.detach().clone() for parameter in parameters]
    norm = torch.cat([gradient.flatten() for gradient in gradients]).norm().item()
    assert norm > 0.5
    config = TrainingConfig(optimiser="sgd", clip_norm=0.5)
    stepper = Stepper(task, config, Fabric(accelerator="cpu", devices=1))
    step = stepper.step(Group([batch], range(1)), rate=0.2)
    assert step.norm == pytest.approx(norm)
    factors = (0.1, 0.1, 1, 1)
    for factor, weight, old, gradient in zip(factors, parameters, before, gradients, strict=True):
        torch.testing.assert_close(weight.detach(), old - 0.2 * factor * gradient * 0.5 / norm)


def test_frozen_stages_stay_as_they_are(tmp_path: Path, console: Console) -> None:
    task = Staged(frozen=True)
    before = {name: value.clone() for name, value in task.module.state_dict().items()}
    fit(task, TrainingConfig(max_epochs=1, weight_decay=0.1), tmp_path, console=console)
    after = task.module.state_dict()
    changed = [name for name, value in after.items() if not torch.equal(value, before[name])]
    assert changed == ["3.weight", "3.bias"]


def test_a_run_with_groups_resumes_to_the_same_bits(tmp_path: Path, console: Console) -> None:
    config = TrainingConfig(max_epochs=3, schedule="cosine", learning_rate=0.03)
    straight, stopped, resumed = Staged(), Staged(), Staged()
    fit(straight, config, tmp_path / "straight", console=console)
    stopped.before_loss = at_batch(13, interrupt)
    fit(stopped, config, tmp_path, console=console)
    fit(resumed, config, tmp_path, resume=True, console=console)
    assert same(straight, resumed)


def test_groups_at_the_full_rate_train_as_one(tmp_path: Path, console: Console) -> None:
    plain, staged = Regression(dropout=0.3), Staged(factor=1.0)
    for task in (plain, staged):
        fit(task, TrainingConfig(max_epochs=1), tmp_path / type(task).__name__, console=console)
    load = safetensors.torch.load_file
    first, second = (load(tmp_path / name / "last.safetensors") for name in ("Regression", "Staged"))
    torch.testing.assert_close(first, second)


def test_a_run_with_other_groups_is_not_resumed(tmp_path: Path, console: Console) -> None:
    fit(Staged(), TrainingConfig(max_epochs=1), tmp_path, console=console)
    task = Regression(dropout=0.3)
    before = [value.clone() for value in task.module.state_dict().values()]
    sentence = (
        "was made with other groups of parameters: 0.weight is in group 1 with learning rate factor 1, "
        "was in group 1 with learning rate factor 0.1; resume with the groups that the run began with"
    )
    with pytest.raises(InputError, match=re.escape(sentence)):
        fit(task, TrainingConfig(max_epochs=2), tmp_path, resume=True, console=console)
    assert all(map(torch.equal, before, task.module.state_dict().values()))
