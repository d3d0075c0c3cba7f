"""The linear recurrence against its closed form: what an input of long ago is worth now."""

from __future__ import annotations

import pytest
import torch
from torch.testing import assert_close

from throughtime import Recurrent
from tolerances import tolerance

STEPS = 40


def _unit(w1: float, w2: float) -> Recurrent:
    layer = Recurrent("linear", 1, 1, bias=False, dtype=torch.float64)
    with torch.no_grad():
        layer.weight_ih_l0.fill_(1)
        layer.w1_l0.fill_(w1)
        layer.w2_l0.fill_(w2)
    return layer


@pytest.mark.parametrize(("w1", "w2"), [(0.9, 0.9), (1.1, 1.1), (0.9, 1.1), (-0.9, 0.9)])
def test_impulse_response_is_its_closed_form(w1: float, w2: float) -> None:
    impulse = torch.zeros(STEPS, 1, dtype=torch.float64)
    impulse[0] = 1
    output, last = _unit(w1, w2)(impulse)
    expected = torch.tensor([[w1 * (w1 * w2) ** tau] for tau in range(STEPS)], dtype=torch.float64)
    assert_close(output, expected, **tolerance("forward", torch.float64))
    assert_close(last[0], expected[-1], **tolerance("forward", torch.float64))


@pytest.mark.parametrize(("w", "verdict"), [(0.9, "vanishes"), (1.1, "explodes")])
def test_gradient_of_an_input_of_tau_steps_ago_is_the_same(w: float, verdict: str) -> None:
    inputs = torch.randn(STEPS, 1, dtype=torch.float64, requires_grad=True)
    output, _ = _unit(w, w)(inputs)
    (gradient,) = torch.autograd.grad(output[-1, 0], inputs)
    expected = torch.tensor([[w * w ** (2 * tau)] for tau in reversed(range(STEPS))], dtype=torch.float64)
    assert_close(gradient, expected, **tolerance("forward", torch.float64))
    assert (gradient[0] < gradient[-1]) == (verdict == "vanishes")


def test_the_first_state_decays_likewise() -> None:
    _, last = _unit(0.5, 0.5)(torch.zeros(3, 1, dtype=torch.float64), torch.tensor([[64.0]]).double())
    assert last.item() == 1.0


def test_units_do_not_see_one_another() -> None:
    layer = Recurrent("linear", 2, 3, dtype=torch.float64)
    assert [name for name, _ in layer.named_parameters()] == ["weight_ih_l0", "bias_ih_l0", "w1_l0", "w2_l0"]
    first = torch.zeros(1, 1, 3, dtype=torch.float64)
    moved = first.clone()
    moved[..., 1] = 1
    x = torch.randn(4, 1, 2, dtype=torch.float64)
    change = (layer(x, moved)[0] - layer(x, first)[0]).abs().sum(dim=(0, 1))
    assert (change != 0).tolist() == [False, True, False]
