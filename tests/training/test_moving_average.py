"""A moving average of the weights: its numbers, and what a run does with it."""

from __future__ import annotations

import json
import math
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from rich.console import Console
from torch import Tensor, nn

from regression import Clock, Killed, Regression, fit
from throughtime.training.averaging import MovingAverage
from throughtime.training.checkpoint import Checkpoint
from throughtime.training.config import TrainingConfig
from throughtime.training.non_finite import TrainingError
from tolerances import tolerance

Weights = dict[str, Tensor]
load = safetensors.torch.load_file


def copy_of(module: nn.Module) -> Weights:
    return {name: value.clone() for name, value in module.state_dict().items()}


def equal(a: Weights, b: Weights) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def by_hand(history: list[Weights], decay: float) -> Weights:
    """a(k) of the weights of all steps from 0, in float64."""
    average = {name: value.double() for name, value in history[0].items()}
    for k, weights in enumerate(history[1:], 1):
        d = min(decay, (1 + k) / (10 + k))
        average = {name: d * a + (1 - d) * weights[name].double() for name, a in average.items()}
    return average


def at_batch(number: int, do: Callable[[], Any]) -> Callable[[], None]:
    calls = iter(range(1, 10**6))
    return lambda: do() if next(calls) == number else None


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def kill() -> None:
    raise Killed


@pytest.mark.parametrize("decay", [0.5, 0.999])  # warm-up to step 8, and over all steps
def test_the_average_is_that_of_the_formula(decay: float) -> None:
    torch.manual_seed(0)
    module = nn.Linear(3, 2, dtype=torch.float64)
    average, history = MovingAverage(module, decay), [copy_of(module)]
    for step in range(1, 15):
        nn.init.normal_(module.weight)
        average.update(step)
        history.append(copy_of(module))
        torch.testing.assert_close(
            average.tensors(), by_hand(history, decay), **tolerance("step", torch.float64)
        )


def test_the_first_average_is_near_the_first_step() -> None:
    module = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(module.weight)
    average = MovingAverage(module, 0.999)
    nn.init.ones_(module.weight)
    average.update(1)
    assert average.tensors()["weight"].item() == pytest.approx(1 - 2 / 11)


def test_weights_and_averages_change_places_and_back() -> None:
    module = nn.Linear(3, 2)
    first = copy_of(module)
    average = MovingAverage(module, 0.9)
    nn.init.normal_(module.weight)
    last = copy_of(module)
    with pytest.raises(Killed), average.applied():
        assert equal(copy_of(module), first)
        raise Killed
    assert equal(copy_of(module), last)
    assert equal(average.tensors(), first)


def test_tied_parameters_are_averaged_once_and_frozen_ones_and_buffers_not() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.BatchNorm1d(2))
    module[1].weight = module[0].weight
    module[0].bias.requires_grad_(False)
    before = copy_of(module)
    average = MovingAverage(module, 0.9)
    assert list(average.tensors()) == ["0.weight", "1.bias", "2.weight", "2.bias"]
    with torch.no_grad():
        for value in [*module.parameters(), *module.buffers()]:
            value.add_(1)
    after = copy_of(module)
    average.update(1)
    with average.applied():
        seen = copy_of(module)
    moved = {name for name, value in seen.items() if not torch.equal(value, after[name])}
    assert moved == {*average.tensors(), "1.weight"}
    assert torch.equal(seen["0.weight"], seen["1.weight"])
    torch.testing.assert_close(seen["0.weight"], before["0.weight"] + 9 / 11)


def test_without_decay_nothing_is_held() -> None:
    module = nn.Linear(3, 2)
    average, before = MovingAverage(module, 0.0), copy_of(module)
    average.update(1)
    with average.applied():
        assert equal(copy_of(module), before)
    assert average.tensors() == {}


class Saving(Regression):
    """A task whose module must hold the weights that it is given to save."""

    def save_model(self, path: Path, weights: Weights) -> None:
        assert equal(weights, copy_of(self.module))
        super().save_model(path, weights)


def averaged(decay: float = 0.9, **settings: Any) -> TrainingConfig:
    return TrainingConfig(average_decay=decay, **{"learning_rate": 0.03, "max_epochs": 3, **settings})


@pytest.fixture
def history(tmp_path: Path, console: Console) -> list[Weights]:
    """The weights of each step from 0, without an average."""
    task, steps = Saving(dropout=0.3), list[Weights]()
    task.before_loss = lambda: steps.append(copy_of(task.module))
    fit(task, averaged(0.0), tmp_path / "history", console=console)
    return [*steps, copy_of(task.module)]


def test_what_is_validated_and_saved_is_the_average(
    tmp_path: Path, console: Console, history: list[Weights]
) -> None:
    task, again = Saving(dropout=0.3), Saving()
    fit(task, averaged(keep_checkpoints=3, average_last=3), tmp_path, console=console)
    assert equal(copy_of(task.module), history[-1])
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    losses = {line["step"]: line["loss"] for line in lines if line["event"] == "validation"}
    assert list(losses) == [8, 16, 24]
    for step, loss in losses.items():
        weights = load(tmp_path / f"step-{step:06d}.safetensors")
        expected = {name: value.float() for name, value in by_hand(history[: step + 1], 0.9).items()}
        torch.testing.assert_close(weights, expected, **tolerance("step", torch.float32))
        assert equal(load(tmp_path / f"snapshots/step-{step:06d}.safetensors"), weights)
        again.module.load_state_dict(weights)
        with torch.no_grad():
            again.module.eval()
            assert again.validate()["loss"] == loss
    assert equal(load(tmp_path / "last.safetensors"), weights)
    assert equal(load(tmp_path / "best.safetensors"), weights)


def test_the_mean_of_the_last_is_that_of_averages(tmp_path: Path, console: Console) -> None:
    task = Saving(scores=[1.0, 2.0, 6.0, 9.0])
    outcome = fit(
        task, averaged(best_by="bleu", average_last=2, keep_checkpoints=2), tmp_path, console=console
    )
    assert (outcome.averaged, outcome.best_metrics["bleu"]) == (True, 9.0)
    two, three = (load(tmp_path / f"step-{step:06d}.safetensors") for step in (16, 24))
    mean = {name: ((two[name].double() + three[name].double()) / 2).float() for name in two}
    assert equal(load(outcome.model), mean)
    assert equal(load(tmp_path / "last.safetensors"), three)


def bits(folder: Path) -> dict[tuple[str, str], bytes]:
    """All tensors of all files of a run, the checkpoint's too; headers have no order of their own."""
    return {
        (str(path.relative_to(folder)), name): tensor.numpy().tobytes()
        for path in folder.rglob("*.safetensors")
        for name, tensor in load(path).items()
    }


KEPT = {"keep_checkpoints": 2, "average_last": 2, "validate_every": 0.75}


@pytest.fixture
def straight(tmp_path: Path, console: Console) -> Path:
    """The folder of a run that was not stopped."""
    fit(Saving(dropout=0.3), averaged(**KEPT), tmp_path / "straight", console=console)
    return tmp_path / "straight"


@pytest.mark.parametrize("stop_at", [1, 6, 13])
def test_a_stopped_run_goes_on_to_the_same_bits(
    straight: Path, tmp_path: Path, console: Console, stop_at: int
) -> None:
    folder, stopped = tmp_path / "parts", Saving(dropout=0.3)
    stopped.before_loss = at_batch(stop_at, interrupt)
    assert fit(stopped, averaged(**KEPT), folder, console=console).step == stop_at
    fit(Saving(dropout=0.3), averaged(**KEPT), folder, resume=True, console=console)
    assert bits(folder) == bits(straight)
    assert len(list(folder.rglob("*.safetensors"))) == 7


def test_a_killed_run_goes_on_to_the_same_bits(straight: Path, tmp_path: Path, console: Console) -> None:
    folder, clock, killed = tmp_path / "parts", Clock(), Saving(dropout=0.3)
    kill_late = at_batch(15, kill)
    killed.before_loss = lambda: (clock.tick(), kill_late())
    config = averaged(**KEPT, checkpoint_minutes=0.25)  # a checkpoint every two batches
    with pytest.raises(Killed):
        fit(killed, config, folder, console=console, clock=clock)
    checkpoint = Checkpoint(folder / "checkpoint.safetensors")
    assert checkpoint.state.step == 14
    assert checkpoint.state.validated_step == 12
    fit(Saving(dropout=0.3), config, folder, resume=True, console=console)
    assert bits(folder) == bits(straight)


def test_a_step_that_is_not_finite_leaves_the_average(tmp_path: Path, console: Console) -> None:
    bad, good = Saving(dropout=0.3), Saving(dropout=0.3)

    def spoil() -> None:
        bad.module[0].register_forward_hook(lambda *args: args[2] * math.nan)

    bad.before_loss = at_batch(11, spoil)
    with pytest.raises(TrainingError, match="step 11: the loss is not finite"):
        fit(bad, averaged(), tmp_path / "bad", console=console)
    fit(good, averaged(max_epochs=1.25), tmp_path / "good", console=console)
    assert equal(load(tmp_path / "bad/last.safetensors"), load(tmp_path / "good/last.safetensors"))


def test_an_average_can_begin_when_a_run_is_resumed(
    tmp_path: Path, console: Console, history: list[Weights]
) -> None:
    fit(Saving(dropout=0.3), averaged(0.0, max_epochs=1), tmp_path, console=console)
    fit(Saving(dropout=0.3), averaged(0.25, max_epochs=1.125), tmp_path, resume=True, console=console)
    assert "average_decay 0.25 (was 0.0)" in console.file.getvalue()
    expected = {name: 0.25 * value + 0.75 * history[9][name] for name, value in history[8].items()}
    last = load(tmp_path / "last.safetensors")
    torch.testing.assert_close(last, expected, **tolerance("step", torch.float32))


def test_an_average_can_end_when_a_run_is_resumed(
    tmp_path: Path, console: Console, history: list[Weights]
) -> None:
    fit(Saving(dropout=0.3), averaged(max_epochs=1), tmp_path, console=console)
    assert not equal(load(tmp_path / "last.safetensors"), history[8])
    fit(Saving(dropout=0.3), averaged(0.0), tmp_path, resume=True, console=console)
    assert "average_decay 0.0 (was 0.9)" in console.file.getvalue()
    assert equal(load(tmp_path / "last.safetensors"), history[-1])
    assert Checkpoint(tmp_path / "checkpoint.safetensors").averages() == {}
