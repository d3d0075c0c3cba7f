"""How weights begin: bounds, orthogonality, sums of biases, and the distribution that is named."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from throughtime import LSTM, Recurrent
from throughtime.cells import CELLS, Cell, ProjectedLSTM
from throughtime.cells.initialise import (
    INITIALISERS,
    Unfilled,
    as_allocated,
    forget_bias,
    orthogonal,
    torch_default,
    uniform,
)
from tolerances import STANDARD_ERRORS, tolerance

HIDDEN = 32


class InputForget(Cell):
    """A cell whose forget gate sees the input alone."""

    gates = ("n", "f")
    recurrent_gates = ("n",)

    def step(self, wx, u, s, p):
        raise NotImplementedError


class Scaled(Cell):
    """A cell that says how its gain begins, and leaves its matrix to the initialiser."""

    gates = ("n", "f")

    def parameters(self, hidden_size):
        return {"gain": (hidden_size,), "weight_own": (2, hidden_size)}

    def begin(self, name, parameter):
        if name == "gain":
            parameter.fill_(1)

    def step(self, wx, u, s, p):
        raise NotImplementedError


def _weights(cell: Cell, bias: bool = True) -> dict[str, Tensor]:
    shapes = cell.weight_shapes(16, HIDDEN, bias)
    return {name: torch.full(shape, math.nan) for name, shape in shapes.items()}


def _assert_uniform(values: Tensor, a: float) -> None:
    """Within (-a, a), close to both ends, and with the mean and variance of the uniform distribution."""
    count = values.numel()
    assert values.abs().max() <= a
    assert values.max() > a * (1 - 20 / count)
    assert values.min() < -a * (1 - 20 / count)
    deviation = a / math.sqrt(3)
    assert abs(values.mean().item()) < STANDARD_ERRORS * deviation / math.sqrt(count)
    spread = a**2 * math.sqrt(4 / 45)  # the standard deviation of the square of a uniform value
    assert abs(values.square().mean().item() - deviation**2) < STANDARD_ERRORS * spread / math.sqrt(count)


@pytest.mark.parametrize("name", CELLS)
def test_torch_default_is_uniform_within_one_by_root_of_hidden_size(name: str) -> None:
    torch.manual_seed(0)
    cell = ProjectedLSTM(8) if name == "projected_lstm" else CELLS[name]()
    weights = _weights(cell)
    torch_default(cell, HIDDEN, weights)
    told = {"w1", "w2", "u", "gain_x", "gain_h", "gain_c", "shift_c"}  # those that the cell begins itself
    drawn = [weight.flatten() for own, weight in weights.items() if own not in told]
    _assert_uniform(torch.cat(drawn), 1 / math.sqrt(HIDDEN))


def test_linear_units_begin_decaying() -> None:
    layer = Recurrent("linear", 3, 4, num_layers=2)
    for name in ("w1_l0", "w2_l0", "w1_l1", "w2_l1"):
        assert torch.equal(getattr(layer, name), torch.full((4,), 0.9))


@pytest.mark.parametrize("initialiser", [torch_default, uniform(0.08), orthogonal, forget_bias()])
def test_a_cell_has_the_last_word_on_its_own_parameters(initialiser) -> None:
    torch.manual_seed(0)
    weights = _weights(Scaled())
    initialiser(Scaled(), HIDDEN, weights)
    assert weights["gain"].eq(1).all()
    assert weights["weight_own"].shape == (2, HIDDEN)
    assert weights["weight_own"].isfinite().all()
    assert weights["weight_own"].any()


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_torch_default_draws_the_very_numbers_of_torch(kind: str) -> None:
    import throughtime

    torch.manual_seed(3)
    theirs = getattr(nn, kind)(3, 4, num_layers=2, bidirectional=True)
    torch.manual_seed(3)
    ours = getattr(throughtime, kind)(3, 4, num_layers=2, bidirectional=True)
    for (name, value), (same, other) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        assert name == same
        assert torch.equal(value, other)


def test_sutskever_is_uniform_within_0_08() -> None:
    torch.manual_seed(0)
    layer = LSTM(32, 64, num_layers=2, initialiser="sutskever2014")
    _assert_uniform(torch.cat([weight.flatten() for weight in layer.parameters()]).detach(), 0.08)


def test_uniform_takes_its_bound() -> None:
    torch.manual_seed(0)
    weights = _weights(CELLS["gru"]())
    uniform(2.5)(CELLS["gru"](), HIDDEN, weights)
    _assert_uniform(torch.cat([weight.flatten() for weight in weights.values()]), 2.5)


@pytest.mark.parametrize("name", ["elman", "lstm", "gru", "gru_reset_before"])
def test_orthogonal_blocks_keep_lengths(name: str) -> None:
    torch.manual_seed(0)
    cell = CELLS[name]()
    weights = _weights(cell)
    orthogonal(cell, HIDDEN, weights)
    blocks = weights["weight_hh"].split(HIDDEN)
    assert len(blocks) == len(cell.gates)
    for block in blocks:
        assert_close(block @ block.T, torch.eye(HIDDEN), **tolerance("step", torch.float32))
    if len(blocks) > 1:
        assert not torch.equal(blocks[0], blocks[1])


def test_orthogonal_projected_blocks_have_orthonormal_columns() -> None:
    torch.manual_seed(0)
    weights = _weights(ProjectedLSTM(8))
    orthogonal(ProjectedLSTM(8), HIDDEN, weights)
    for block in weights["weight_hh"].split(HIDDEN):
        assert_close(block.T @ block, torch.eye(8), **tolerance("step", torch.float32))
    _assert_uniform(weights["weight_hr"], 1 / math.sqrt(HIDDEN))


def test_orthogonal_begins_inputs_as_glorot_and_biases_at_zero() -> None:
    torch.manual_seed(0)
    weights = _weights(CELLS["lstm"]())
    orthogonal(CELLS["lstm"](), HIDDEN, weights)
    _assert_uniform(weights["weight_ih"], math.sqrt(6 / (16 + HIDDEN)))
    assert not weights["bias_ih"].any()
    assert not weights["bias_hh"].any()


@pytest.mark.parametrize("then", [torch_default, orthogonal, uniform(0.08)])
@pytest.mark.parametrize("value", [1.0, 2.5])
def test_forget_bias_sums_to_its_value_and_leaves_the_rest(value: float, then) -> None:
    torch.manual_seed(0)
    plain, raised = _weights(CELLS["lstm"]()), _weights(CELLS["lstm"]())
    then(CELLS["lstm"](), HIDDEN, plain)
    torch.manual_seed(0)
    forget_bias(value, then)(CELLS["lstm"](), HIDDEN, raised)
    forget = slice(HIDDEN, 2 * HIDDEN)  # gates i f g o
    assert (raised["bias_ih"] + raised["bias_hh"])[forget].eq(value).all()
    for name in ("bias_ih", "bias_hh"):
        plain[name][forget] = raised[name][forget]
    assert all(torch.equal(plain[name], raised[name]) for name in plain)


def test_forget_bias_of_a_layer_holds_in_every_layer_and_direction() -> None:
    layer = LSTM(3, 4, num_layers=2, bidirectional=True, initialiser="forget_bias")
    for suffix in ("l0", "l0_reverse", "l1", "l1_reverse"):
        total = getattr(layer, f"bias_ih_{suffix}") + getattr(layer, f"bias_hh_{suffix}")
        assert total[4:8].tolist() == [1] * 4


def test_forget_bias_of_a_gate_that_sees_the_input_alone() -> None:
    weights = _weights(InputForget())
    forget_bias(1.5)(InputForget(), HIDDEN, weights)
    assert weights["bias_ih"][HIDDEN:].eq(1.5).all()
    assert weights["bias_hh"].shape == (HIDDEN,)
    assert weights["bias_hh"].any()


def test_forget_bias_asks_for_a_forget_gate() -> None:
    with pytest.raises(ValueError, match=r"^GRU has no forget gate f to give a bias; its gates are r, z, n$"):
        Recurrent("gru", 3, 4, initialiser=forget_bias())


def test_forget_bias_asks_for_a_bias() -> None:
    with pytest.raises(ValueError, match=r"^a forget bias needs bias=True$"):
        LSTM(3, 4, bias=False, initialiser="forget_bias")


def test_initialisers_by_name() -> None:
    assert list(INITIALISERS) == ["torch", "orthogonal", "forget_bias", "sutskever2014"]
    names = "torch or orthogonal or forget_bias or sutskever2014"
    with pytest.raises(ValueError, match=rf"^initialiser must be a function or {names}; got 'xavier'$"):
        LSTM(3, 4, initialiser="xavier")


def test_reset_parameters_draws_anew_by_the_same_initialiser() -> None:
    layer = LSTM(3, 4, initialiser="sutskever2014")
    before = [parameter.detach().clone() for parameter in layer.parameters()]
    layer.reset_parameters()
    for parameter, old in zip(layer.parameters(), before, strict=True):
        assert not torch.equal(parameter, old)
        assert parameter.abs().max() <= 0.08
        assert parameter.requires_grad
        assert parameter.grad_fn is None


def test_unfilled_parameters_take_no_random_numbers() -> None:
    state = torch.get_rng_state()
    with Unfilled():
        linear, embedding = nn.Linear(3, 4), nn.Embedding(5, 6, padding_idx=0)
        layer = LSTM(3, 4, initialiser=as_allocated)
    assert torch.equal(torch.get_rng_state(), state)
    assert linear.weight.shape == (4, 3)
    assert embedding.weight.shape == (5, 6)
    assert layer.weight_ih_l0.shape == (16, 3)
    nn.init.uniform_(linear.weight)
    assert not torch.equal(torch.get_rng_state(), state)
