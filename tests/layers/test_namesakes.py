"""LSTM, GRU and RNN against torch.nn: numbers, gradients, parameters, arguments."""

from __future__ import annotations

import inspect
import itertools
import typing
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence
from torch.testing import assert_close

import throughtime
from tolerances import tolerance

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")

T, B, INPUT, HIDDEN = 5, 4, 3, 8
LENGTHS = torch.tensor([2, 5, 1, 4])

KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "LSTM": ("LSTM", {}),
    "LSTM-projected": ("LSTM", {"proj_size": 3}),
    "GRU": ("GRU", {}),
    "RNN-tanh": ("RNN", {}),
    "RNN-relu": ("RNN", {"nonlinearity": "relu"}),
}
SHAPES = list(itertools.product((1, 2), (False, True), (True, False)))
"""Depth, both directions, bias."""


def _pair(kind: str, backend: str = "auto", **options: Any) -> tuple[throughtime.Recurrent, nn.RNNBase]:
    """Our layer and torch's with the same weights."""
    name, own = KINDS[kind]
    theirs = getattr(nn, name)(INPUT, HIDDEN, **own, **options)
    ours = getattr(throughtime, name)(INPUT, HIDDEN, **own, **options, backend=backend)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def _leaves(theirs: nn.RNNBase, x: Tensor) -> tuple[Tensor, Any]:
    """The input and a first state other than zero, both asking for gradients."""
    rows = theirs.num_layers * (2 if theirs.bidirectional else 1)
    widths = (theirs.proj_size or HIDDEN, HIDDEN)[: 2 if isinstance(theirs, nn.LSTM) else 1]
    hx = tuple(torch.randn(rows, B, width, dtype=x.dtype, requires_grad=True) for width in widths)
    return x.requires_grad_(), hx if len(hx) > 1 else hx[0]


def _flat(*values: Any) -> list[Tensor]:
    """Tensors out of outputs, packed or not, and states, single or not."""
    found: list[Tensor] = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        else:
            found += [value.data] if isinstance(value, PackedSequence) else list(value)
    return found


def _results_and_gradients(
    layer: nn.Module, x: Tensor, hx: Any = None, ragged: bool = False
) -> tuple[list[Tensor], tuple[Tensor, ...]]:
    given = pack_padded_sequence(x, LENGTHS, layer.batch_first, enforce_sorted=False) if ragged else x
    wanted = [x] if hx is None else [x, *_flat(hx)]
    results = _flat(*layer(given, hx))
    generator = torch.Generator().manual_seed(1)
    weights = [torch.randn(result.shape, generator=generator, dtype=result.dtype) for result in results]
    return results, torch.autograd.grad(results, [*wanted, *layer.parameters()], weights)


@pytest.mark.parametrize("ragged", [False, True], ids=["dense", "ragged"])
@pytest.mark.parametrize("batch_first", [False, True], ids=["TB", "BT"])
@pytest.mark.parametrize(("depth", "bidirectional", "bias"), SHAPES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("backend", ["torch", "reference"])
@pytest.mark.parametrize("kind", KINDS)
def test_outputs_states_and_all_gradients_are_torchs(
    kind: str,
    backend: str,
    dtype: torch.dtype,
    depth: int,
    bidirectional: bool,
    bias: bool,
    batch_first: bool,
    ragged: bool,
) -> None:
    torch.manual_seed(0)
    options = dict(num_layers=depth, bidirectional=bidirectional, bias=bias, dtype=dtype, dropout=0.0)
    ours, theirs = _pair(kind, backend, batch_first=batch_first, **options)
    x, hx = _leaves(theirs, torch.randn((B, T, INPUT) if batch_first else (T, B, INPUT), dtype=dtype))
    found, slopes = _results_and_gradients(ours, x, hx, ragged)
    expected, their_slopes = _results_and_gradients(theirs, x, hx, ragged)
    assert_close(found, expected, **tolerance("forward", dtype))
    assert_close(slopes, their_slopes, **tolerance("gradient", dtype))


@pytest.mark.parametrize("backend", ["torch", "reference"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hidden", [1, 7, 8, 9])
@pytest.mark.parametrize("batch", [1, 7, 9])
@pytest.mark.parametrize("steps", [1, 2])
def test_sizes_around_the_vector_width(kind: str, backend: str, hidden: int, batch: int, steps: int) -> None:
    name, own = KINDS[kind]
    if "proj_size" in own:
        own = {"proj_size": 1}
        hidden = max(hidden, 2)
    theirs = getattr(nn, name)(hidden, hidden, **own, bidirectional=True)
    ours = getattr(throughtime, name)(hidden, hidden, **own, bidirectional=True, backend=backend)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(steps, batch, hidden, requires_grad=True)
    found, slopes = _results_and_gradients(ours, x)
    expected, their_slopes = _results_and_gradients(theirs, x)
    assert_close(found, expected, **tolerance("forward", torch.float32))
    assert_close(slopes, their_slopes, **tolerance("gradient", torch.float32))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("backend", ["torch", "reference"])
def test_unbatched_input(kind: str, backend: str) -> None:
    ours, theirs = _pair(kind, backend, num_layers=2, bidirectional=True, batch_first=True)
    x, hx = _leaves(theirs, torch.randn(T, INPUT))
    one = hx[:, 0] if isinstance(hx, Tensor) else tuple(part[:, 0] for part in hx)
    for first in (None, one):
        found, expected = _flat(*ours(x, first)), _flat(*theirs(x, first))
        assert [tuple(value.shape) for value in found] == [tuple(value.shape) for value in expected]
        assert_close(found, expected, **tolerance("forward", torch.float32))


@pytest.mark.parametrize("kind", KINDS)
def test_state_dict_is_torchs_and_loads_both_ways(kind: str) -> None:
    for depth, bidirectional, bias in SHAPES:
        options = dict(num_layers=depth, bidirectional=bidirectional, bias=bias)
        ours, theirs = _pair(kind, **options)
        shapes = [(name, value.shape) for name, value in ours.state_dict().items()]
        assert shapes == [(name, value.shape) for name, value in theirs.state_dict().items()]
        ours.reset_parameters()
        theirs.load_state_dict(ours.state_dict())
        for name, value in theirs.state_dict().items():
            assert torch.equal(value, ours.state_dict()[name])


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_arguments_stand_in_torchs_order_with_torchs_defaults(kind: str) -> None:
    theirs = inspect.signature(typing.get_overloads(getattr(nn, kind).__init__)[0]).parameters.values()
    ours = inspect.signature(getattr(throughtime, kind).__init__).parameters.values()
    positional = [p for p in ours if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert [(p.name, p.default) for p in positional] == [(p.name, p.default) for p in theirs]


def test_all_arguments_by_position() -> None:
    lstm = throughtime.LSTM(3, 8, 2, False, True, 0.5, True, 4, "meta", torch.float64)
    gru = throughtime.GRU(3, 8, 2, False, True, 0.5, True, "meta", torch.float64)
    rnn = throughtime.RNN(3, 8, 2, "relu", False, True, 0.5, True, "meta", torch.float64)
    for layer in (lstm, gru, rnn):
        assert (layer.input_size, layer.hidden_size, layer.num_layers) == (3, 8, 2)
        assert (layer.bias, layer.batch_first, layer.dropout, layer.bidirectional) == (False, True, 0.5, True)
        assert {(p.device.type, p.dtype) for p in layer.parameters()} == {("meta", torch.float64)}
    assert lstm.proj_size == 4
    assert rnn.nonlinearity == "relu"


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_takes_no_part_in_eval(kind: str) -> None:
    ours, theirs = _pair(kind, num_layers=2, dropout=0.5)
    x = torch.randn(T, B, INPUT)
    found, expected = ours.eval()(x), theirs.eval()(x)
    assert_close(_flat(*found), _flat(*expected), **tolerance("forward", torch.float32))


@pytest.mark.parametrize("proj_size", [-1, 8, 9])
def test_projection_out_of_range(proj_size: int) -> None:
    text = rf"^proj_size must be at least 0 \(no projection\) and below hidden_size 8; got {proj_size}$"
    with pytest.raises(ValueError, match=text):
        throughtime.LSTM(3, 8, proj_size=proj_size)


def test_unknown_nonlinearity() -> None:
    with pytest.raises(
        ValueError, match=r"^Unknown nonlinearity 'sigmoid': nonlinearity must be 'tanh' or 'relu'$"
    ):
        throughtime.RNN(3, 8, nonlinearity="sigmoid")


def test_unknown_argument() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'biderectional'"):
        throughtime.LSTM(3, 8, biderectional=True)


def test_flatten_parameters_is_there_for_code_that_calls_it() -> None:
    layer = throughtime.LSTM(3, 8)
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    layer.flatten_parameters()
    assert all(torch.equal(value, before[name]) for name, value in layer.state_dict().items())


@pytest.mark.parametrize("kind", KINDS)
def test_a_few_steps_of_training_go_as_torchs(kind: str) -> None:
    ours, theirs = _pair(kind, num_layers=3, dtype=torch.float64)
    x = torch.randn(T, B, INPUT, dtype=torch.float64)
    losses: list[list[float]] = []
    for layer in (ours, theirs):
        optimiser = torch.optim.SGD(layer.parameters(), lr=0.1)
        losses.append([])
        for _ in range(5):
            optimiser.zero_grad()
            loss = (layer(x)[0] - 0.5).square().mean()
            loss.backward()
            optimiser.step()
            losses[-1].append(loss.item())
    assert losses[0][-1] < losses[0][0]
    assert_close(losses[0], losses[1], **tolerance("gradient", torch.float64))
