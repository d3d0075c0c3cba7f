"""What is not finite is traced to where it arises."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from throughtime.training.non_finite import Footing, trace_non_finite


class Recurrent(nn.Module):
    """A recurrence whose layers return tuples, between linear layers."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Linear(2, 3)
        self.lstm = nn.LSTM(3, 3, batch_first=True)
        self.project = nn.Linear(3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.project(self.lstm(self.embed(x))[0])


def squares(module: nn.Module) -> Callable[[], Tensor]:
    return lambda: module(torch.ones(1, 2, 2)).square().sum()


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("embed.bias", "embed (Linear)"),
        ("lstm.weight_hh_l0", "lstm (LSTM)"),
        ("project.weight", "project (Linear)"),
    ],
)
def test_the_first_layer_with_such_an_output_is_named(name: str, layer: str) -> None:
    module = Recurrent()
    module.get_parameter(name).data.flatten()[0] = math.nan
    assert trace_non_finite(module, squares(module)) == f"the output of layer {layer}"


def test_outputs_in_dictionaries_are_seen() -> None:
    class Named(nn.Module):
        def forward(self, x: Tensor) -> dict[str, list[Tensor]]:
            return {"y": [x, x / 0]}

    module = nn.Sequential(Named())
    place = trace_non_finite(
        module, lambda: torch.ones((), requires_grad=True) + 0 * len(module(torch.ones(1)))
    )
    assert place == "the output of layer 0 (Named)"


def test_the_first_gradient_of_the_backward_pass_is_named() -> None:
    module = nn.Sequential(
        nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    )
    for layer, weight in zip(module, (1.0, 0.0, 1.0), strict=True):
        layer.weight.data.fill_(weight)

    def loss() -> Tensor:  # its gradient at 0 is infinite, its value is not
        return module(torch.ones(1, 1)).sqrt().sum()

    assert trace_non_finite(module, loss) == "the gradient of parameter 2.weight"


def test_nothing_is_named_when_no_layer_is_at_fault() -> None:
    module = nn.Linear(1, 1)
    place = trace_non_finite(
        module, lambda: module(torch.ones(1, 1)).sum().detach().requires_grad_() * math.inf
    )
    assert place is None


def test_no_hook_and_no_gradient_stays() -> None:
    module = Recurrent()
    trace_non_finite(module, squares(module))
    assert all(p.grad is None for p in module.parameters())
    assert not any(layer._forward_hooks for layer in module.modules())


def test_a_footing_goes_back_over_buffers() -> None:
    module = nn.BatchNorm1d(1)
    footing = Footing(SimpleNamespace(module=module))
    module(torch.full((2, 1), math.nan))
    footing.restore()
    assert module.running_mean is not None and module.running_mean.tolist() == [0.0]
