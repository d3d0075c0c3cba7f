"""The simple recurrent network against its equation in plain numbers, and against torch's cell."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from throughtime.cells import Elman, ElmanReLU
from tolerances import tolerance


def test_one_unit_by_hand() -> None:
    weights = {"weight_ih": 0.5, "weight_hh": -2.0, "bias_ih": 0.25, "bias_hh": 0.125}
    tensors = {
        name: torch.full((1, 1) if "weight" in name else (1,), value) for name, value in weights.items()
    }
    wx, state = torch.tensor([[0.5 * 3.0 + 0.25]]), {"h": torch.tensor([[0.5]])}
    a = 0.5 * 3.0 + 0.25 - 2.0 * 0.5 + 0.125
    for cell, expected in ((Elman(), math.tanh(a)), (ElmanReLU(), a)):
        new, _ = cell.bind(tensors)(wx, state)
        assert_close(new["h"].item(), expected, **tolerance("step", torch.float32))
    negative, _ = ElmanReLU().bind(tensors)(wx - 9, state)
    assert negative["h"].item() == 0


@pytest.mark.parametrize(("cell", "nonlinearity"), [(Elman(), "tanh"), (ElmanReLU(), "relu")])
def test_step_is_torchs_cell(cell: Elman | ElmanReLU, nonlinearity: str) -> None:
    theirs = nn.RNNCell(3, 4, nonlinearity=nonlinearity, dtype=torch.float64)
    x, h = torch.randn(5, 3, dtype=torch.float64), torch.randn(5, 4, dtype=torch.float64)
    weights = dict(theirs.named_parameters())
    new, _ = cell.bind(weights)(x @ theirs.weight_ih.T + theirs.bias_ih, {"h": h})
    assert_close(new["h"], theirs(x, h), **tolerance("step", torch.float64))
