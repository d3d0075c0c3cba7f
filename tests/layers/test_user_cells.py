"""Cells from outside the package: what the layer computes is what their equations say, variants included."""

from __future__ import annotations

import math

import pytest
import torch
from torch import sigmoid, tanh
from torch.testing import assert_close

from throughtime import Cell, Recurrent
from tolerances import tolerance

F64 = torch.float64


def test_a_cell_of_a_notebook() -> None:
    """Written down in a few lines and used at once: deep, both ways, ragged, trained."""

    class Highway(Cell):
        gates = ("n", "t")

        def step(self, wx, u, s, p):
            a = wx + u(s.h)
            t = sigmoid(a.t)
            return dict(h=t * tanh(a.n) + (1 - t) * s.h), dict(t=t)

    layer = Recurrent(Highway, 3, 4, num_layers=2, bidirectional=True, initialiser="orthogonal")
    assert str(layer).endswith("Highway(), 3, 4, num_layers=2, bidirectional=True, backend=compiled)")
    output, last = layer(torch.randn(5, 2, 3), lengths=[5, 2])
    assert output.shape == (5, 2, 8)
    assert torch.equal(output[1, 1, :4], last[2, 1])
    output.sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in layer.parameters())


def test_minimal_gated_unit_is_its_loop(users: dict[str, Cell]) -> None:
    layer = Recurrent(users["MinimalGated"], 3, 4, dtype=F64)
    x, h = torch.randn(6, 2, 3, dtype=F64), torch.zeros(2, 4, dtype=F64)
    (w_f, w_n), (u_f, u_n) = layer.weight_ih_l0.split(4), layer.weight_hh_l0.split(4)
    (b_f, b_n), (d_f, d_n) = layer.bias_ih_l0.split(4), layer.bias_hh_l0.split(4)
    outputs = []
    for row in x:
        f = sigmoid(row @ w_f.T + b_f + h @ u_f.T + d_f)
        h = (1 - f) * h + f * tanh(row @ w_n.T + b_n + (f * h) @ u_n.T + d_n)
        outputs.append(h)
    assert_close(layer(x)[0], torch.stack(outputs), **tolerance("forward", F64))


def test_without_peepholes_it_is_the_lstm(users: dict[str, Cell]) -> None:
    layer, plain = Recurrent(users["PeepholeLSTM"], 3, 4, dtype=F64), Recurrent("lstm", 3, 4, dtype=F64)
    plain.load_state_dict({name: value for name, value in layer.state_dict().items() if "peep" not in name})
    x = torch.randn(6, 2, 3, dtype=F64)
    assert not torch.allclose(layer(x)[0], plain(x)[0])
    with torch.no_grad():
        for name in ("peep_i_l0", "peep_f_l0", "peep_o_l0"):
            getattr(layer, name).zero_()
    assert_close(layer(x), plain(x), **tolerance("forward", F64))


def test_layer_normalisation_takes_away_the_scale_of_its_input(users: dict[str, Cell]) -> None:
    layer = Recurrent(users["LayerNormLSTM"], 3, 4, bias=False, dtype=F64)
    x = 1e6 * torch.randn(
        6, 2, 3, dtype=F64
    )  # large, so that the normalisation's own 1e-5 is nothing beside it
    assert_close(layer(x)[0], layer(8 * x)[0], **tolerance("forward", F64))


def test_the_stabiliser_changes_no_number_and_holds_where_exponentials_overflow(
    users: dict[str, Cell],
) -> None:
    layer = Recurrent(users["StabilisedLSTM"], 3, 4, dtype=F64)
    x = torch.randn(6, 2, 3, dtype=F64)
    h = c = n = torch.zeros(2, 4, dtype=F64)
    outputs = []
    for row in x:
        a = row @ layer.weight_ih_l0.T + layer.bias_ih_l0 + h @ layer.weight_hh_l0.T + layer.bias_hh_l0
        i, f, z, o = a.chunk(4, -1)
        c, n = sigmoid(f) * c + torch.exp(i) * tanh(z), sigmoid(f) * n + torch.exp(i)
        h = sigmoid(o) * c / n
        outputs.append(h)
    assert_close(layer(x)[0], torch.stack(outputs), **tolerance("forward", F64))
    large = torch.full((6, 2, 3), 1e5, dtype=F64, requires_grad=True)
    output, _ = layer(large)
    output.sum().backward()
    assert math.isinf(math.exp(700) * 1e10)
    assert output.isfinite().all()
    assert large.grad is not None
    assert large.grad.isfinite().all()


def test_a_constant_of_the_equations_is_a_field(users: dict[str, Cell]) -> None:
    kind = type(users["LeakyElman"])
    still, elman = Recurrent(kind(rate=0.0), 3, 4), Recurrent(kind(rate=1.0), 3, 4)
    plain = Recurrent("elman", 3, 4)
    plain.load_state_dict(elman.state_dict())
    x = torch.randn(5, 2, 3)
    assert still(x)[0].eq(0).all()
    assert_close(elman(x), plain(x), **tolerance("forward", torch.float32))


def test_a_gate_without_recurrence_has_no_recurrent_weights(users: dict[str, Cell]) -> None:
    layer = Recurrent(users["InputGated"], 3, 4)
    assert layer.weight_ih_l0.shape == (8, 3)
    assert layer.weight_hh_l0.shape == (4, 4)
    assert layer.bias_hh_l0.shape == (4,)


def test_a_step_that_forgets_a_state_is_told_which() -> None:
    class Forgetful(Cell):
        gates = ("h",)
        state = ("h", "c")

        def step(self, wx, u, s, p):
            return dict(h=tanh((wx + u(s.h)).h)), {}

    with pytest.raises(ValueError, match=r"^the step of Forgetful must return h, c; got h$"):
        Recurrent(Forgetful, 3, 4)(torch.randn(2, 1, 3))
