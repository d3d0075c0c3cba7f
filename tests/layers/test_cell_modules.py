"""Single steps with gradients: cells as modules, those of torch.nn among them, and `step` of layers."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck, gradgradcheck
from torch.func import functional_call, grad, vmap
from torch.testing import assert_close

import throughtime
from every_cell import MODIFIED
from native_scan import allowed, states
from throughtime import Cell, LSTMCell, Recurrent, RecurrentCell, RNNCell, convert
from throughtime.cells import LSTM, ProjectedLSTM
from throughtime.layers.single_step import as_state
from tolerances import FINITE_DIFFERENCES, tolerance

OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("LSTMCell", {}),
    ("LSTMCell", dict(bias=False, dtype=torch.float64)),
    ("GRUCell", {}),
    ("GRUCell", dict(bias=False)),
    ("RNNCell", dict(dtype=torch.float64)),
    ("RNNCell", dict(nonlinearity="relu", bias=False)),
]
namesakes = pytest.mark.parametrize(("kind", "options"), OPTIONS)


def parts(state: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (state,) if isinstance(state, Tensor) else state


def pair(kind: str, options: dict[str, Any]) -> tuple[nn.Module, nn.Module]:
    """Ours and torch's, each begun with the same random numbers."""
    made: list[nn.Module] = []
    for home in (throughtime, nn):
        torch.manual_seed(0)
        made.append(getattr(home, kind)(3, 4, **options))
    return made[0], made[1]


@namesakes
def test_a_namesake_begins_as_torchs_and_loads_its_weights(kind: str, options: dict[str, Any]) -> None:
    ours, theirs = pair(kind, options)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert all(map(torch.equal, ours.state_dict().values(), theirs.state_dict().values()))
    ours.load_state_dict(theirs.state_dict())
    theirs.load_state_dict(ours.state_dict())
    for name in ("input_size", "hidden_size", "bias", *(["nonlinearity"] if kind == "RNNCell" else [])):
        assert getattr(ours, name) == getattr(theirs, name)
    assert (ours.bias_ih is None) == (theirs.bias_ih is None)
    assert repr(ours) == repr(theirs)


@namesakes
@pytest.mark.parametrize("shape", [(5, 3), (1, 3), (0, 3), (3,)], ids=str)
@pytest.mark.parametrize("with_hx", [True, False], ids=["hx", "no hx"])
def test_a_namesake_gives_torchs_numbers(
    kind: str, options: dict[str, Any], shape: tuple[int, ...], with_hx: bool
) -> None:
    ours, theirs = pair(kind, options)
    dtype = options.get("dtype", torch.float32)
    x = torch.randn(shape, dtype=dtype, requires_grad=True)
    states = [torch.randn(*shape[:-1], 4, dtype=dtype) for _ in range(2 if kind == "LSTMCell" else 1)]
    hx = (tuple(states) if len(states) > 1 else states[0]) if with_hx else None
    found, expected = parts(ours(x, hx)), parts(theirs(x, hx))
    assert type(ours(x, hx)) is type(theirs(x, hx))
    assert_close(found, expected, **tolerance("step", dtype))
    d_found, d_expected = (
        torch.autograd.grad(sum(one.square().sum() for one in state), [x, *cell.parameters()])
        for state, cell in ((found, ours), (expected, theirs))
    )
    assert_close(d_found, d_expected, **tolerance("gradient", dtype))


def test_steps_of_a_loop_are_a_layer(cell: Cell) -> None:
    layer = Recurrent(cell, 3, 4, dtype=torch.float64)
    one = RecurrentCell(cell, 3, 4, dtype=torch.float64)
    one.load_state_dict({name.removesuffix("_l0"): value for name, value in layer.state_dict().items()})
    x = torch.randn(6, 2, 3, dtype=torch.float64, requires_grad=True)
    expected, last = layer(x)
    state, outputs = None, []
    for row in x:
        state = one(row, state)
        outputs.append(parts(state)[0])
    found = torch.stack(outputs)
    assert_close(
        [found, *parts(state)], [expected, *(p[0] for p in parts(last))], **tolerance("forward", x.dtype)
    )
    d_found, d_expected = (
        torch.autograd.grad(output.square().sum(), [x, *module.parameters()])
        for output, module in ((found, one), (expected, layer))
    )
    assert_close(d_found, d_expected, **allowed(cell, torch.float64))


@pytest.mark.parametrize("backend", ["auto", "reference"])
def test_steps_of_a_stack_are_the_stack(cell: Cell, backend: str) -> None:
    layer = Recurrent(cell, 3, 4, 3, dtype=torch.float64, backend=backend)
    x = torch.randn(6, 2, 3, dtype=torch.float64, requires_grad=True)
    expected, last = layer(x)
    state, outputs = None, []
    for row in x:
        output, state = layer.step(row, state)
        outputs.append(output)
    found = torch.stack(outputs)
    assert_close([found, *parts(state)], [expected, *parts(last)], **tolerance("forward", torch.float64))
    d_found, d_expected = (
        torch.autograd.grad(output.square().sum(), [x, *layer.parameters()]) for output in (found, expected)
    )
    assert_close(d_found, d_expected, **allowed(cell, torch.float64))
    alone, after = layer.step(x[0, 1])
    assert_close(alone, expected[0, 1], **tolerance("forward", torch.float64))
    again, _ = layer.step(x[1, 1], after)
    assert_close(again, expected[1, 1], **tolerance("forward", torch.float64))


def test_finite_differences_of_a_step(cell: Cell) -> None:
    torch.manual_seed(0)
    one = RecurrentCell(
        ProjectedLSTM(1) if isinstance(cell, ProjectedLSTM) else cell, 2, 2, dtype=torch.float64
    )
    x = torch.randn(2, 2, dtype=torch.float64, requires_grad=True)
    sizes = one.cell.state_sizes(2).values()
    hx = [0.1 + torch.rand(2, size, dtype=torch.float64) for size in sizes]
    given = (x, *[one.requires_grad_() for one in hx], *one.parameters())

    def run(x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        return parts(one(x, rest[: len(hx)] if len(hx) > 1 else rest[0]))

    assert gradcheck(run, given, **FINITE_DIFFERENCES)
    assert gradgradcheck(run, given, **FINITE_DIFFERENCES)


@pytest.mark.parametrize("cell", MODIFIED, ids=str)
def test_noise_is_drawn_for_each_call_while_training(cell: Cell) -> None:
    one, layer = (kind(cell, 3, 40, dtype=torch.float64) for kind in (RecurrentCell, Recurrent))
    x, first = torch.randn(5, 3, dtype=torch.float64), states(layer, 5)
    hx, own = as_state(first), as_state([value[0] for value in first])
    calls: list[Callable[[], Tensor]] = [lambda: parts(one(x, own))[0], lambda: layer.step(x, hx)[0]]
    for module, call in zip((one, layer), calls, strict=True):
        assert not torch.equal(call(), call())
        module.eval()
        assert torch.equal(call(), call())
    one.load_state_dict({name.removesuffix("_l0"): value for name, value in layer.state_dict().items()})
    assert_close(calls[0](), layer(x[None], hx)[0][0], **tolerance("forward", x.dtype))


def test_per_sample_gradients_and_copies() -> None:
    one = LSTMCell(3, 4, dtype=torch.float64)
    x = torch.randn(5, 3, dtype=torch.float64)
    weights = dict(one.named_parameters())

    def loss(weights: dict[str, Tensor], x: Tensor) -> Tensor:
        return functional_call(one, weights, (x,))[0].square().sum()

    each = vmap(grad(loss), in_dims=(None, 0))(weights, x)
    whole = grad(loss)(weights, x)
    for name, value in whole.items():
        assert_close(each[name].sum(0), value, **tolerance("gradient", torch.float64))
    for other in (copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert_close(other(x), one(x), rtol=0, atol=0)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize("name", ["lstm", "mgu"])
def test_steps_in_graphs(name: str) -> None:
    torch._dynamo.reset()
    one, layer = RecurrentCell(name, 3, 4), Recurrent(name, 3, 4, 2)
    x = torch.randn(5, 3)
    for run in (one, layer.step):
        found = torch.compile(run, fullgraph=True, backend="aot_eager")(x)
        assert_close(found, run(x), **tolerance("forward", torch.float32))
    exported = torch.export.export(one, (x,)).module()
    assert_close(exported(x), one(x), **tolerance("forward", torch.float32))


@namesakes
def test_convert_replaces_cells(kind: str, options: dict[str, Any]) -> None:
    cell = getattr(nn, kind)(3, 4, **options)
    heard: list[int] = []
    cell.register_forward_hook(lambda *_: heard.append(1))
    model = nn.ModuleDict({"one": cell, "same": cell}).eval()
    parameters = dict(model.named_parameters())
    x = torch.randn(2, 3, dtype=options.get("dtype"))
    expected = model["one"](x)
    convert(model)
    assert type(model["one"]) is getattr(throughtime, kind) and model["one"] is model["same"]
    assert all(value is parameters[name] for name, value in model.named_parameters())
    assert_close(model["one"](x), expected, **tolerance("step", x.dtype))
    assert len(heard) == 2 and not model["one"].training


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: LSTMCell(3, 0), "hidden_size must be greater than zero; got 0"),
        (lambda: RNNCell(3, 4, nonlinearity="gelu"), "nonlinearity must be tanh or relu; got 'gelu'"),
        (
            lambda: LSTMCell(3, 4)(torch.zeros(5, 2, 3)),
            "input must have 1 dimension (unbatched) or 2; got shape (5, 2, 3)",
        ),
        (
            lambda: LSTMCell(3, 4)(torch.nested.nested_tensor([torch.zeros(2, 3)], layout=torch.jagged)),
            "input must have 1 dimension (unbatched) or 2; got a nested tensor",
        ),
        (lambda: LSTMCell(3, 4)(torch.zeros(2, 5)), "input must have 3 features, the input_size; got 5"),
        (
            lambda: LSTMCell(3, 4)(torch.zeros(2, 3).double()),
            "input must have the dtype of the weights, torch.float32; got torch.float64",
        ),
        (
            lambda: LSTMCell(3, 4)(torch.zeros(2, 3), torch.zeros(2, 4)),
            "hx must be h, c of LSTM; got 1 tensors",
        ),
        (
            lambda: LSTMCell(3, 4)(torch.zeros(2, 3), (torch.zeros(2, 4), torch.zeros(1, 4))),
            "c of hx must have shape (2, 4); got (1, 4)",
        ),
        (
            lambda: Recurrent(LSTM, 3, 4, 2).step(torch.zeros(5, 2, 3)),
            "input must have 1 dimension (unbatched) or 2; got shape (5, 2, 3)",
        ),
        (
            lambda: Recurrent(LSTM, 3, 4, 2).step(torch.zeros(2, 3), (torch.zeros(2, 4), torch.zeros(2, 4))),
            "h of hx must have shape (2, 2, 4); got (2, 4)",
        ),
        (
            lambda: Recurrent(LSTM, 3, 4, bidirectional=True).step(torch.zeros(2, 3)),
            "a bidirectional layer cannot take single steps: its backward half begins at the last step",
        ),
        (
            lambda: Recurrent(LSTM, 3, 4, reverse=True).step(torch.zeros(2, 3)),
            "a layer with reverse=True cannot take single steps: it begins at the last step",
        ),
    ],
)
def test_refusals(call: Callable[[], object], text: str) -> None:
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value) == text
