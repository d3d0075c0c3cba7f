"""Gated recurrent units against their equations in plain numbers, and against torch's cell."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from throughtime.cells import GRU, GRUResetBefore
from tolerances import tolerance


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


@pytest.mark.parametrize("bias", [True, False])
def test_step_is_torchs_cell(bias: bool) -> None:
    theirs = nn.GRUCell(3, 4, bias=bias, dtype=torch.float64)
    x, h = torch.randn(5, 3, dtype=torch.float64), torch.randn(5, 4, dtype=torch.float64)
    weights = dict(theirs.named_parameters())
    wx = nn.functional.linear(x, theirs.weight_ih, weights.get("bias_ih"))
    new, _ = GRU().bind(weights)(wx, {"h": h})
    assert_close(new["h"], theirs(x, h), **tolerance("step", torch.float64))


@pytest.mark.parametrize("cell", [GRU(), GRUResetBefore()])
def test_two_units_by_hand(cell: GRU | GRUResetBefore) -> None:
    """Two units, since with one the bias alone tells reset before from reset after."""
    u = torch.linspace(-1.5, 1.25, 12, dtype=torch.float64).reshape(6, 2)
    bias = torch.linspace(0.5, -0.75, 6, dtype=torch.float64)
    wx = torch.tensor([0.3, -0.2, 0.7, 0.1, -0.4, 0.9], dtype=torch.float64)
    h = torch.tensor([0.6, -0.5], dtype=torch.float64)
    weights = {"weight_ih": torch.zeros(6, 1).double(), "weight_hh": u, "bias_ih": bias, "bias_hh": bias}
    new, seen = cell.bind(weights)(wx[None], {"h": h[None]})
    expected = _by_hand(u.tolist(), bias.tolist(), wx.tolist(), h.tolist(), isinstance(cell, GRUResetBefore))
    for name, values in expected.items():
        found: Tensor = new["h"] if name == "h" else seen[name]
        assert_close(found[0].tolist(), values, **tolerance("step", torch.float64))


def _by_hand(
    u: list[list[float]], bias: list[float], wx: list[float], h: list[float], before: bool
) -> dict[str, list[float]]:
    def product(row: int, v: list[float]) -> float:
        return u[row][0] * v[0] + u[row][1] * v[1] + bias[row]

    r = [_sigmoid(wx[k] + product(k, h)) for k in (0, 1)]
    z = [_sigmoid(wx[2 + k] + product(2 + k, h)) for k in (0, 1)]
    if before:
        n = [math.tanh(wx[4 + k] + product(4 + k, [r[0] * h[0], r[1] * h[1]])) for k in (0, 1)]
    else:
        n = [math.tanh(wx[4 + k] + r[k] * product(4 + k, h)) for k in (0, 1)]
    return {"r": r, "z": z, "n": n, "h": [(1 - z[k]) * n[k] + z[k] * h[k] for k in (0, 1)]}
