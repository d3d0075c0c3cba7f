"""The sLSTM against its equations without the stabiliser, and that it is finite where they overflow."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, sigmoid, tanh
from torch.testing import assert_close

from throughtime import Recurrent
from throughtime.cells import SLSTM
from tolerances import tolerance

F64 = torch.float64


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def test_one_unit_by_hand() -> None:
    u = {"i": 0.5, "f": -0.25, "g": 1.5, "o": 0.75}
    wx = {"i": 0.9, "f": 0.2, "g": -0.3, "o": 0.4}
    h, c, n, m = 0.6, -0.8, 1.5, 0.25
    a = {gate: wx[gate] + u[gate] * h for gate in "ifgo"}
    kept = math.log(_sigmoid(a["f"])) + m
    largest = max(kept, a["i"])
    i, f, g, o = math.exp(a["i"] - largest), math.exp(kept - largest), math.tanh(a["g"]), _sigmoid(a["o"])
    memory, normaliser = f * c + i * g, f * n + i
    weights = {"weight_ih": torch.zeros(4, 1), "weight_hh": torch.tensor([list(u.values())]).T}
    state = {name: torch.tensor([[value]]) for name, value in dict(h=h, c=c, n=n, m=m).items()}
    new, seen = SLSTM().bind(weights)(torch.tensor([list(wx.values())]), state)
    expected = dict(h=o * memory / normaliser, c=memory, n=normaliser, m=largest)
    expected |= dict(i=i, f=f, g=g, o=o, memory=memory / normaliser)
    for name, value in expected.items():
        found = new[name] if name in new else seen[name]
        assert_close(found.item(), value, **tolerance("step", torch.float32))


def test_the_first_states() -> None:
    like = torch.ones(2, 3)
    for name in "hcn":
        assert SLSTM().initial_state(name, like).tolist() == [[0.0] * 3] * 2
    assert SLSTM().initial_state("m", like).tolist() == [[-math.inf] * 3] * 2


def test_the_first_step_writes_alone() -> None:
    """Whatever the gates say: nothing is there to keep, and the average of one candidate is itself."""
    cell = SLSTM()
    weights = {name: torch.zeros(shape) for name, shape in cell.weight_shapes(1, 1, bias=False).items()}
    state = {name: cell.initial_state(name, torch.zeros(1, 1)) for name in cell.state}
    for a_i in (-1e4, 0.0, 1e4):
        wx = torch.tensor([[a_i, 50.0, 0.5, 0.0]], requires_grad=True)
        new, seen = cell.bind(weights)(wx, state)
        assert (new["n"].item(), new["m"].item()) == (1, a_i)
        assert (seen["i"].item(), seen["f"].item()) == (1, 0)
        assert_close(new["h"].item(), 0.5 * math.tanh(0.5), **tolerance("step", torch.float32))
        (gradient,) = torch.autograd.grad(new["h"], wx)
        assert gradient.isfinite().all()
        assert gradient[0, :2].tolist() == [0, 0]


def _without_stabiliser(layer: Recurrent, x: Tensor) -> Tensor:
    h = c = n = torch.zeros(x.shape[1], layer.hidden_size, dtype=x.dtype)
    outputs: list[Tensor] = []
    for row in x:
        a = row @ layer.weight_ih_l0.T + layer.bias_ih_l0 + h @ layer.weight_hh_l0.T + layer.bias_hh_l0
        i, f, g, o = a.chunk(4, -1)
        c, n = sigmoid(f) * c + torch.exp(i) * tanh(g), sigmoid(f) * n + torch.exp(i)
        h = sigmoid(o) * c / n
        outputs.append(h)
    return torch.stack(outputs)


def test_the_stabiliser_changes_no_number_and_no_gradient() -> None:
    layer = Recurrent("slstm", 3, 4, dtype=F64)
    x = torch.randn(6, 2, 3, dtype=F64)
    ours, theirs = layer(x)[0], _without_stabiliser(layer, x)
    assert_close(ours, theirs, **tolerance("forward", F64))
    weights = list(layer.parameters())
    assert_close(
        torch.autograd.grad(ours.square().sum(), weights),
        torch.autograd.grad(theirs.square().sum(), weights),
        **tolerance("gradient", F64),
    )


@pytest.mark.parametrize("scale", [1e2, 1e4, 1e6])
@pytest.mark.parametrize("backend", ["auto", "reference"])
def test_it_is_finite_where_exponentials_overflow(backend: str, scale: float) -> None:
    torch.manual_seed(0)
    layer = Recurrent("slstm", 3, 8, backend=backend)
    x = (scale * torch.randn(20, 2, 3)).requires_grad_()
    output, last = layer(x)
    output.sum().backward()
    found = [output, *last, x.grad, *(weight.grad for weight in layer.parameters())]
    assert all(one is not None and one.isfinite().all() for one in found)
    assert output.abs().max() <= 1
    assert not _without_stabiliser(layer, x).isfinite().all()


def test_the_normaliser_is_never_below_one() -> None:
    torch.manual_seed(0)
    layer = Recurrent("slstm", 3, 64)
    step = layer.cell.bind(layer.weights(0)[0])
    state = {name: layer.cell.initial_state(name, torch.zeros(5, 64)) for name in layer.cell.state}
    with torch.no_grad():
        for _ in range(50):
            state, _ = step(10 * torch.randn(5, 256), state)
            assert state["n"].min() >= 1


def test_an_input_gate_can_replace_the_memory() -> None:
    """What the LSTM's input gate, at most 1, cannot: outweigh all that was written before."""
    cell = SLSTM()
    weights = {name: torch.zeros(shape) for name, shape in cell.weight_shapes(1, 1, bias=False).items()}
    step = cell.bind(weights)
    state = {name: cell.initial_state(name, torch.zeros(1, 1)) for name in cell.state}
    kept, replaced = torch.tensor([[0.0, 50.0, 2.0, 0.0]]), torch.tensor([[20.0, 50.0, -2.0, 0.0]])
    for _ in range(30):
        state, seen = step(kept, state)
    assert_close(seen["memory"].item(), math.tanh(2), **tolerance("forward", torch.float32))
    _, seen = step(replaced, state)
    assert_close(seen["memory"].item(), -math.tanh(2), rtol=1e-6, atol=1e-6)


def test_first_states_from_elsewhere_give_finite_outputs() -> None:
    """A normaliser of 0, or below, as a learned map may give it."""
    torch.manual_seed(0)
    layer = Recurrent("slstm", 3, 8)
    x = torch.randn(6, 2, 3)
    for n in (0.0, -0.9, -0.5, 1e-30):
        h, c, m = torch.zeros(1, 2, 8), torch.full((1, 2, 8), 0.9), torch.zeros(1, 2, 8)
        output, _ = layer(x, (h, c, torch.full_like(h, n), m))
        assert output.abs().max() < 3
