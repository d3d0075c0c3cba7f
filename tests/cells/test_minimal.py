"""The minimal gated unit against its equations in plain numbers, and against the GRU it is made from."""

from __future__ import annotations

import math

import torch
from torch.testing import assert_close

from throughtime.cells import GRUResetBefore, MinimalGatedUnit
from tolerances import tolerance


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def test_two_units_by_hand() -> None:
    u = [[0.5, -1.0], [0.25, 0.75], [1.5, -0.5], [-0.75, 1.25]]
    wx, h = [0.3, -0.2, 0.7, 0.1], [0.6, -0.5]

    def product(row: int, v: list[float]) -> float:
        return u[row][0] * v[0] + u[row][1] * v[1]

    f = [_sigmoid(wx[k] + product(k, h)) for k in (0, 1)]
    gated = [f[0] * h[0], f[1] * h[1]]
    n = [math.tanh(wx[2 + k] + product(2 + k, gated)) for k in (0, 1)]
    weights = {"weight_ih": torch.zeros(4, 1), "weight_hh": torch.tensor(u)}
    new, seen = MinimalGatedUnit().bind(weights)(torch.tensor([wx]), {"h": torch.tensor([h])})
    expected = {"h": [(1 - f[k]) * h[k] + f[k] * n[k] for k in (0, 1)], "f": f, "n": n}
    for name, values in expected.items():
        found = new["h"] if name == "h" else seen[name]
        assert_close(found[0].tolist(), values, **tolerance("step", torch.float32))


def test_it_is_a_gru_whose_reset_and_update_gates_are_one() -> None:
    """The GRU's z keeps where f replaces: z = 1 - f has the rows of f negated."""
    cell, double = MinimalGatedUnit(), torch.float64
    shapes = cell.weight_shapes(3, 4, True)
    weights = {name: torch.randn(shape, dtype=double) for name, shape in shapes.items()}
    wx, h = torch.randn(5, 8, dtype=double), torch.randn(5, 4, dtype=double)

    def of_the_gru(rows: torch.Tensor) -> torch.Tensor:
        f, n = rows.split(4)
        return torch.cat([f, -f, n])

    new, _ = cell.bind(weights)(wx, {"h": h})
    gru, _ = GRUResetBefore().bind({name: of_the_gru(value) for name, value in weights.items()})(
        of_the_gru(wx.T).T, {"h": h}
    )
    assert_close(new["h"], gru["h"], **tolerance("step", double))
