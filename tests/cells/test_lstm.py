"""Long short-term memory against its equations in plain numbers, and against torch's cell."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from throughtime.cells import LSTM, ProjectedLSTM
from tolerances import tolerance


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def test_one_unit_by_hand() -> None:
    u = {"i": 0.5, "f": -0.25, "g": 1.5, "o": 0.75}
    wx = {"i": 0.1, "f": 0.2, "g": -0.3, "o": 0.4}
    h, c = 0.6, -0.8
    i, f, o = (_sigmoid(wx[gate] + u[gate] * h) for gate in "ifo")
    g = math.tanh(wx["g"] + u["g"] * h)
    memory = f * c + i * g
    weights = {"weight_ih": torch.zeros(4, 1), "weight_hh": torch.tensor([list(u.values())]).T}
    state = {"h": torch.tensor([[h]]), "c": torch.tensor([[c]])}
    new, seen = LSTM().bind(weights)(torch.tensor([list(wx.values())]), state)
    allowed = tolerance("step", torch.float32)
    assert_close(new["c"].item(), memory, **allowed)
    assert_close(new["h"].item(), o * math.tanh(memory), **allowed)
    for gate, value in dict(i=i, f=f, g=g, o=o).items():
        assert_close(seen[gate].item(), value, **allowed)


@pytest.mark.parametrize("bias", [True, False])
def test_step_is_torchs_cell(bias: bool) -> None:
    theirs = nn.LSTMCell(3, 4, bias=bias, dtype=torch.float64)
    x, h, c = (torch.randn(5, size, dtype=torch.float64) for size in (3, 4, 4))
    weights = dict(theirs.named_parameters())
    wx = nn.functional.linear(x, theirs.weight_ih, weights.get("bias_ih"))
    new, _ = LSTM().bind(weights)(wx, {"h": h, "c": c})
    for ours, expected in zip((new["h"], new["c"]), theirs(x, (h, c)), strict=True):
        assert_close(ours, expected, **tolerance("step", torch.float64))


def test_projection_shortens_the_output_alone() -> None:
    cell, double = ProjectedLSTM(2), torch.float64
    weights = {
        name: torch.randn(shape, dtype=double) for name, shape in cell.weight_shapes(3, 4, True).items()
    }
    assert weights["weight_hr"].shape == (2, 4)
    wx, c = torch.randn(5, 16, dtype=double), torch.randn(5, 4, dtype=double)
    h = torch.randn(5, 2, dtype=double)
    projected, _ = cell.bind(weights)(wx, {"h": h, "c": c})
    recurrent = h @ weights["weight_hh"].T + weights["bias_hh"]
    none = {"weight_ih": weights["weight_ih"], "weight_hh": torch.zeros(16, 4, dtype=double)}
    plain, _ = LSTM().bind(none)(wx + recurrent, {"h": torch.zeros_like(c), "c": c})
    assert_close(projected["c"], plain["c"], **tolerance("step", double))
    assert_close(projected["h"], plain["h"] @ weights["weight_hr"].T, **tolerance("step", double))


@pytest.mark.parametrize("proj_size", [-1, 0, 4, 9])
def test_projection_must_be_narrower_than_the_memory(proj_size: int) -> None:
    text = rf"^proj_size must be from 1 to below hidden_size 4; got {proj_size}$"
    with pytest.raises(ValueError, match=text):
        ProjectedLSTM(proj_size).parameters(4)
