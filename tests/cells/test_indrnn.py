"""The independently recurrent network against its equation in plain numbers, and its gradient."""

from __future__ import annotations

import pytest
import torch
from torch.testing import assert_close

from throughtime import Recurrent
from throughtime.cells import IndRNN
from tolerances import tolerance

STEPS = 40


def test_two_units_by_hand() -> None:
    weights = {"weight_ih": torch.zeros(2, 1), "u": torch.tensor([0.5, -2.0])}
    state = {"h": torch.tensor([[0.5, 0.75]])}
    new, seen = IndRNN().bind(weights)(torch.tensor([[1.0, 0.25]]), state)
    assert new["h"].tolist() == [[1.25, 0]]
    assert seen == {}


def test_units_do_not_see_one_another() -> None:
    layer = Recurrent("indrnn", 2, 3, dtype=torch.float64)
    assert [name for name, _ in layer.named_parameters()] == ["weight_ih_l0", "bias_ih_l0", "u_l0"]
    first = torch.ones(1, 1, 3, dtype=torch.float64)
    moved = first.clone()
    moved[..., 1] += 1
    x = torch.randn(4, 1, 2, dtype=torch.float64)
    with torch.no_grad():
        layer.bias_ih_l0.fill_(5)  # every unit awake
    change = (layer(x, moved)[0] - layer(x, first)[0]).abs().sum(dim=(0, 1))
    assert (change != 0).tolist() == [False, True, False]


@pytest.mark.parametrize("u", [0.5, 1.0, 1.05])
def test_gradient_through_an_awake_unit_is_a_power_of_its_weight(u: float) -> None:
    layer = Recurrent("indrnn", 1, 1, dtype=torch.float64)
    with torch.no_grad():
        layer.weight_ih_l0.fill_(1)
        layer.bias_ih_l0.zero_()
        layer.u_l0.fill_(u)
    x = torch.rand(STEPS, 1, dtype=torch.float64).requires_grad_()
    (gradient,) = torch.autograd.grad(layer(x)[0][-1, 0], x)
    expected = torch.tensor([[u**tau] for tau in reversed(range(STEPS))], dtype=torch.float64)
    assert_close(gradient, expected, **tolerance("forward", torch.float64))


@pytest.mark.parametrize("initialiser", ["torch", "orthogonal", "sutskever2014"])
def test_units_begin_with_every_length_of_memory(initialiser: str) -> None:
    torch.manual_seed(0)
    u = Recurrent("indrnn", 3, 1000, initialiser=initialiser).u_l0
    assert 0 <= u.min() < 0.02
    assert 0.98 < u.max() <= 1
    assert abs(u.mean().item() - 0.5) < 0.05
