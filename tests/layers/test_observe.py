"""What a cell lets be seen, at every step, layer and direction."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, sigmoid, tanh
from torch.autograd import gradcheck, gradgradcheck
from torch.func import grad, vmap
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence
from torch.testing import assert_close

from every_cell import BUILT_IN, MODIFIED, USERS
from native_scan import allowed, needs_native, pair, states
from throughtime import LSTM, Cell, Recurrent
from throughtime.cells import ProjectedLSTM
from throughtime.engine.compiled import compiled
from tolerances import FINITE_DIFFERENCES, tolerance


class SeesItsStates(Cell):
    """A cell that observes its new and old states, one value by two names, and what no state needs."""

    gates = ("f", "n")
    state = ("h", "c")
    observed = ("h", "c", "before", "gate", "gate_again", "shown")

    def parameters(self, hidden_size):
        return {"gain": (hidden_size,)}

    def step(self, wx, u, s, p):
        a = wx + u(s.h)
        f = sigmoid(a.f)
        c = f * s.c + (1 - f) * tanh(a.n)
        h = tanh(c)
        shown = tanh(u.n(c) * p.gain)
        return dict(h=h, c=c), dict(h=h, c=c, before=s.c, gate=f, gate_again=f, shown=shown)


@pytest.mark.parametrize("lengths", [None, [2, 5, 1]], ids=["dense", "ragged"])
def test_the_engine_shows_what_the_reference_shows(cell: Cell, lengths: list[int] | None) -> None:
    torch.manual_seed(0)
    layers = [
        Recurrent(cell, 3, 4, 2, bidirectional=True, dtype=torch.float64, backend=name)
        for name in ("compiled", "reference")
    ]
    layers[1].load_state_dict(layers[0].state_dict())
    x = torch.randn(5, 3, 3, dtype=torch.float64)
    (*found, seen), (*expected, shown) = (layer.observe(x, lengths=lengths) for layer in layers)
    assert_close(found, expected, **tolerance("forward", torch.float64))
    assert [set(values) for values in seen] == [set(cell.observed)] * 4
    assert_close(seen, shown, **tolerance("forward", torch.float64))


def test_the_gates_of_an_lstm_make_its_memory() -> None:
    layer = LSTM(3, 4, backend="compiled")
    x = torch.randn(5, 2, 3)
    output, (h, c), (gates,) = layer.observe(x)
    memory = torch.zeros(2, 4)
    for t in range(5):
        memory = gates["f"][t] * memory + gates["i"][t] * gates["g"][t]
        assert_close(output[t], gates["o"][t] * memory.tanh(), **tolerance("forward", torch.float32))
    assert_close(memory, c[0], **tolerance("forward", torch.float32))
    assert torch.equal(output[-1], h[0])


def test_what_is_seen_has_the_form_of_the_output() -> None:
    layer, first = LSTM(3, 4), LSTM(3, 4, batch_first=True)
    first.load_state_dict(layer.state_dict())
    x = torch.randn(5, 2, 3)
    seen = layer.observe(x)[2][0]["i"]
    assert torch.equal(first.observe(x.transpose(0, 1))[2][0]["i"], seen.transpose(0, 1))
    assert_close(layer.observe(x[:, 0])[2][0]["i"], seen[:, 0], **tolerance("forward", torch.float32))
    packed = layer.observe(pack_padded_sequence(x, [5, 3]))[2][0]["i"]
    assert isinstance(packed, PackedSequence) and len(packed.data) == 8


def test_observing_changes_no_gradient(cell: Cell) -> None:
    layer = Recurrent(cell, 3, 4, 2, bidirectional=True, backend="compiled", dtype=torch.float64)
    x = torch.randn(5, 3, 3, dtype=torch.float64, requires_grad=True)
    given = [x, *layer.parameters()]
    found = torch.autograd.grad(layer.observe(x)[0].square().sum(), given)
    expected = torch.autograd.grad(layer(x)[0].square().sum(), given)
    assert_close(found, expected, **allowed(cell, torch.float64))


def losses(layer: Recurrent, x: Tensor, hx: list[Tensor], lengths: list[int] | None) -> dict[str, Tensor]:
    """Losses through each observed value alone, through one direction alone, and through everything."""
    torch.manual_seed(2)
    output, last, seen = layer.observe(x, tuple(hx) if len(hx) > 1 else hx[0], lengths)
    torch.manual_seed(3)
    seeds = [{name: torch.randn(output.shape[:2]) for name in values} for values in seen]

    def loss(k: int, name: str) -> Tensor:
        return (seen[k][name] * seeds[k][name][..., None]).square().sum()

    found = {name: sum(loss(k, name) for k in range(len(seen))) for name in layer.cell.observed}
    found["one direction"] = sum((loss(1, name) for name in layer.cell.observed), torch.zeros(()))
    ends = [output, *(last if isinstance(last, tuple) else (last,))]
    found["all"] = sum(found.values(), torch.zeros(())) + sum(end.square().sum() for end in ends)
    return found  # type: ignore[return-value]


@needs_native
@pytest.mark.parametrize("lengths", [None, [2, 5, 1, 0]], ids=["equal", "ragged"])
@pytest.mark.parametrize("cell", BUILT_IN + USERS + MODIFIED + [SeesItsStates()], ids=str)
def test_gradients_through_observed_values_are_the_references(cell: Cell, lengths: list[int] | None) -> None:
    layers = pair(cell, 4, num_layers=2, bidirectional=True)
    x, hx = torch.randn(5, 4, 3, dtype=torch.float64), states(layers[0], 4)
    given = [one.requires_grad_() for one in (x, *hx)]
    found, expected = (losses(layer, x, hx, lengths) for layer in layers)
    for name in (name for name, loss in expected.items() if loss.requires_grad):
        grads = [
            torch.autograd.grad(
                loss[name], [*given, *layer.parameters()], materialize_grads=True, retain_graph=True
            )
            for loss, layer in zip((found, expected), layers, strict=True)
        ]
        assert_close(*grads, msg=lambda text, name=name: f"{name}: {text}", **allowed(cell, torch.float64))


@pytest.mark.parametrize("backend", ["compiled", "reference"])
@pytest.mark.parametrize("cell", [c for c in BUILT_IN + USERS if c.observed] + [SeesItsStates()], ids=str)
def test_finite_differences_through_observed_values(cell: Cell, backend: str) -> None:
    narrow = ProjectedLSTM(1) if isinstance(cell, ProjectedLSTM) else cell
    torch.manual_seed(0)
    layer = Recurrent(narrow, 2, 2, dtype=torch.float64, backend=backend)
    x = torch.randn(2, 2, 2, dtype=torch.float64, requires_grad=True)

    def run(x: Tensor, *_: Tensor) -> Tensor:
        output, _, (seen,) = layer.observe(x, lengths=[2, 1])
        return torch.cat([output, *seen.values()], -1).sum(0)

    given = (x, *layer.parameters())
    assert gradcheck(run, given, **FINITE_DIFFERENCES)
    assert gradgradcheck(run, given, **FINITE_DIFFERENCES)


def test_gradients_through_observed_values_keep_nothing_more_than_those_values() -> None:
    for cell in (one for one in BUILT_IN if one.observed):
        code = compiled(cell, 8, True, 3)
        seen = {code.program.observed[name].number for name in cell.observed}
        plain, more = (
            [node for node in code.saved(names) if node.number not in seen] for names in ((), cell.observed)
        )
        assert more == plain, cell.name


def test_without_a_loss_through_them_their_gradients_are_not_compiled() -> None:
    layer = LSTM(3, 11, backend="compiled")
    code = compiled(layer.cell, 11, True, 3)
    output, _, (gates,) = layer.observe(torch.randn(5, 2, 3))
    output.sum().backward(retain_graph=True)
    assert {key[3] for key in code._backward} == {()}
    gates["f"].sum().backward()
    assert {key[3] for key in code._backward} == {(), ("f",)}


def test_per_sample_gradients_through_observed_values() -> None:
    layer, x = LSTM(3, 4, backend="compiled", dtype=torch.float64), torch.randn(5, 2, 3, dtype=torch.float64)

    def openness(x: Tensor) -> Tensor:
        return layer.observe(x)[2][0]["f"].square().sum()

    found = vmap(grad(openness), in_dims=1, out_dims=1)(x)
    x.requires_grad_()
    (expected,) = torch.autograd.grad(openness(x), x)
    assert_close(found, expected, **tolerance("gradient", torch.float64))


def test_torchs_kernels_show_nothing() -> None:
    with pytest.raises(
        ValueError, match=r"^torch's kernels do not expose the values of their steps: use backend="
    ):
        LSTM(3, 4, backend="torch").observe(torch.randn(5, 2, 3))
