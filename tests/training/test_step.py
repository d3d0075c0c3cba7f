"""One optimiser step, against gradients taken by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from lightning_fabric import Fabric
from torch import nn

from throughtime.training.config import TrainingConfig
from throughtime.training.step import Group, NotFinite, Stepper, StepResult


def stepper(task: Any, **settings: Any) -> Stepper:
    config = TrainingConfig(**{"optimiser": "sgd", "clip_norm": 0.0, **settings})
    return Stepper(task, config, Fabric(accelerator="cpu", devices=1, precision=config.precision))


def group(*batches: Any) -> Group:
    return Group(batches, range(len(batches)))


def mean_gradients(task: Any, *batches: Any) -> list[torch.Tensor]:
    losses = [task.loss(task.module, batch) for batch in batches]
    mean = sum(loss.total for loss in losses) / sum(loss.count for loss in losses)
    return list(torch.autograd.grad(mean, list(task.module.parameters())))


def test_the_gradient_is_that_of_the_mean_over_counts(make_task: Any) -> None:
    task = make_task()
    batches = [task.batch(1, rows=4), task.batch(2, rows=2)]
    gradients = mean_gradients(task, *batches)
    before = [p.detach().clone() for p in task.module.parameters()]
    step = stepper(task).step(group(*batches), rate=0.5)
    for weight, old, gradient in zip(task.module.parameters(), before, gradients, strict=True):
        torch.testing.assert_close(weight.detach(), old - 0.5 * gradient)
    norm = torch.cat([g.flatten() for g in gradients]).norm().item()
    assert step.norm == pytest.approx(norm)
    assert (step.count, step.units) == (6, 60)


def test_two_accumulated_batches_are_one_of_twice_the_size(make_task: Any) -> None:
    apart, together = make_task(), make_task()
    batches = [apart.batch(1), apart.batch(2)]
    whole = tuple(torch.cat(parts) for parts in zip(*batches, strict=True))
    first = stepper(apart, clip_norm=1.0).step(group(*batches), rate=0.1)
    second = stepper(together, clip_norm=1.0).step(group(whole), rate=0.1)
    assert first == StepResult(
        pytest.approx(second.total), second.count, second.units, pytest.approx(second.norm)
    )
    torch.testing.assert_close(apart.module.state_dict(), together.module.state_dict())


def test_a_long_gradient_is_clipped_to_the_norm(make_task: Any) -> None:
    task = make_task()
    before = torch.cat([p.detach().flatten() for p in task.module.parameters()])
    step = stepper(task, clip_norm=0.25).step(group(task.batch(1)), rate=1.0)
    after = torch.cat([p.detach().flatten() for p in task.module.parameters()])
    assert step.norm > 0.25
    assert (after - before).norm().item() == pytest.approx(0.25, rel=1e-5)


def test_mixed_precision_runs_products_in_bfloat16(make_task: Any) -> None:
    task, types = make_task(), []
    task.module[0].register_forward_hook(lambda *args: types.append(args[2].dtype))
    step = stepper(task, precision="bf16-mixed").step(group(task.batch(1)), rate=0.1)
    assert types == [torch.bfloat16]
    assert math.isfinite(step.total)
    assert all(p.dtype == torch.float32 for p in task.module.parameters())


def test_frozen_and_unused_parameters_stay(make_task: Any) -> None:
    task = make_task()
    task.module.register_parameter("unused", nn.Parameter(torch.ones(1)))
    task.module[0].weight.requires_grad_(False)
    before = task.module[0].weight.clone()
    stepper(task).step(group(task.batch(1)), rate=0.1)
    assert torch.equal(task.module[0].weight, before)
    assert task.module.unused.item() == 1.0


@pytest.mark.parametrize("poisoned", [0, 1])
def test_numbers_that_are_not_finite_change_nothing(make_task: Any, poisoned: int) -> None:
    task = make_task(dropout=0.5)
    task.module.append(nn.BatchNorm1d(1))
    batches = [task.batch(1), task.batch(2)]
    batches[poisoned][0][0, 0] = math.nan
    trainer = stepper(task)
    before = {name: value.clone() for name, value in task.module.state_dict().items()}
    with pytest.raises(NotFinite) as error:
        trainer.step(group(*batches), rate=0.1)
    assert str(error.value) == "the loss is not finite, traced to the output of layer 0 (Linear)"
    assert all(torch.equal(value, before[name]) for name, value in task.module.state_dict().items())
    assert all(p.grad is None for p in task.module.parameters())


def test_a_finite_loss_with_an_infinite_gradient_is_caught(make_task: Any) -> None:
    task = make_task()
    task.module = nn.Linear(3, 1, bias=False)
    nn.init.zeros_(task.module.weight)
    plain = task.loss

    def rooted(module: nn.Module, batch: Any) -> Any:
        loss = plain(module, (batch[0], torch.zeros_like(batch[1])))
        return type(loss)(loss.total.sqrt(), loss.count, loss.units)

    task.loss = rooted
    with pytest.raises(NotFinite) as error:
        stepper(task).step(group(task.batch(1)), rate=0.1)
    assert str(error.value) == "the gradient is not finite, traced to the gradient of parameter weight"
