"""The LSTM with layer normalisation against its equations in plain numbers, and what normalising does."""

from __future__ import annotations

import math
import statistics

import pytest
import torch
from torch.testing import assert_close

from throughtime import Recurrent
from throughtime.cells import LayerNormLSTM
from tolerances import tolerance


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def _norm(values: list[float]) -> list[float]:
    mean, variance = statistics.fmean(values), statistics.pvariance(values)
    return [(value - mean) / math.sqrt(variance + 1e-5) for value in values]


def test_two_units_by_hand() -> None:
    wx = [0.1, -0.7, 0.2, 0.9, -0.3, 0.6, 0.4, -0.2]  # gates i f g o, two units each
    u = [
        [0.5, 1.0],
        [-0.25, 0.75],
        [1.5, -1.0],
        [0.75, 0.25],
        [0.3, 0.8],
        [-0.6, 0.1],
        [0.2, -0.9],
        [1.1, 0.7],
    ]
    gain_x, gain_h = [0.5 + 0.25 * k for k in range(8)], [2.0 - 0.25 * k for k in range(8)]
    gain_c, shift_c = [1.5, 0.5], [0.1, -0.2]
    h, c = [0.6, -0.4], [-0.8, 0.3]
    products = [row[0] * h[0] + row[1] * h[1] for row in u]
    a = [gx * x + gh * y for gx, x, gh, y in zip(gain_x, _norm(wx), gain_h, _norm(products), strict=True)]
    i, f, o = ([_sigmoid(value) for value in a[at : at + 2]] for at in (0, 2, 6))
    g = [math.tanh(value) for value in a[4:6]]
    memory = [f[k] * c[k] + i[k] * g[k] for k in (0, 1)]
    shown = [gain_c[k] * value + shift_c[k] for k, value in enumerate(_norm(memory))]
    weights = {"weight_ih": torch.zeros(8, 1), "weight_hh": torch.tensor(u)}
    weights |= {"gain_x": torch.tensor(gain_x), "gain_h": torch.tensor(gain_h)}
    weights |= {"gain_c": torch.tensor(gain_c), "shift_c": torch.tensor(shift_c)}
    double = {name: value.double() for name, value in weights.items()}
    state = {"h": torch.tensor([h]).double(), "c": torch.tensor([c]).double()}
    new, seen = LayerNormLSTM().bind(double)(torch.tensor([wx]).double(), state)
    allowed = tolerance("step", torch.float32)  # the weights went through float32
    assert_close(new["c"][0].tolist(), memory, **allowed)
    assert_close(new["h"][0].tolist(), [o[k] * math.tanh(shown[k]) for k in (0, 1)], **allowed)
    for gate, values in dict(i=i, f=f, g=g, o=o).items():
        assert_close(seen[gate][0].tolist(), values, **allowed)


@pytest.mark.parametrize("initialiser", ["torch", "orthogonal", "forget_bias", "sutskever2014"])
def test_gains_begin_at_one_and_the_shift_at_zero(initialiser: str) -> None:
    layer = Recurrent("layer_norm_lstm", 3, 4, initialiser=initialiser)
    for name in ("gain_x_l0", "gain_h_l0", "gain_c_l0"):
        assert getattr(layer, name).eq(1).all()
    assert layer.shift_c_l0.eq(0).all()


@pytest.mark.parametrize("weight", ["weight_ih_l0", "weight_hh_l0"])
def test_the_scale_of_a_matrix_does_not_count(weight: str) -> None:
    """Beyond the 1e-5 in the normalisation's root, which is nothing beside large weights."""
    layer = Recurrent("layer_norm_lstm", 3, 4, bias=False, dtype=torch.float64)
    x, h = torch.randn(6, 2, 3, dtype=torch.float64), torch.ones(1, 2, 4, dtype=torch.float64)
    with torch.no_grad():
        getattr(layer, weight).mul_(1e6)
        before, _ = layer(x, (h, h))
        getattr(layer, weight).mul_(8)
    assert_close(layer(x, (h, h))[0], before, **tolerance("forward", torch.float64))


def test_one_large_input_does_not_saturate_every_gate() -> None:
    torch.manual_seed(0)
    layer, plain = Recurrent("layer_norm_lstm", 3, 16), Recurrent("lstm", 3, 16)
    with torch.no_grad():
        wx = 1000 * torch.randn(1, 64)
        state = {"h": torch.zeros(1, 16), "c": torch.zeros(1, 16)}
        _, normalised = layer.cell.bind(layer.weights(0)[0])(wx, state)
        _, saturated = plain.cell.bind(plain.weights(0)[0])(wx, state)
    assert ((normalised["f"] > 0.01) & (normalised["f"] < 0.99)).all()
    assert ((saturated["f"] < 0.01) | (saturated["f"] > 0.99)).float().mean() > 0.9
