"""Under CPU autocast results and gradients have torch.nn's dtypes, for input and state of any dtype."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence

import throughtime
from throughtime import LSTM, Recurrent
from throughtime.errors import TensorError
from tolerances import HALF_PRECISION

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")

KINDS: dict[str, dict[str, Any]] = {"LSTM": {}, "LSTM-projected": {"proj_size": 2}, "GRU": {}, "RNN": {}}
DTYPES = (torch.float32, torch.bfloat16, torch.float16, torch.float64)
STATES = (None, *DTYPES)


def results(
    layer: nn.Module, x: Tensor, hx: Any, dtype: torch.dtype, packed: bool, learn: bool
) -> list[Tensor]:
    """Output, last states, and with `learn` the gradients of input, state and weights."""
    x = x.clone().requires_grad_(learn)
    first = None if hx is None else tuple(one.clone().requires_grad_(learn) for one in hx)
    given = pack_sequence([x[:, 0], x[:3, 1]]) if packed else x
    with torch.autocast("cpu", dtype=dtype), torch.set_grad_enabled(learn):
        output, last = layer(given, first if first is None or len(first) > 1 else first[0])
    found = [output.data if packed else output, *(last if isinstance(last, tuple) else (last,))]
    if not learn:
        return found
    loss = sum(one.float().sum() for one in found)
    slopes = torch.autograd.grad(loss, [x, *(first or ()), *layer.parameters()])
    return [*(one.detach() for one in found), *slopes]


def states(layer: nn.RNNBase, dtype: torch.dtype | None) -> tuple[Tensor, ...] | None:
    if dtype is None:
        return None
    widths = (layer.proj_size or 4, 4)[: 2 if layer.mode == "LSTM" else 1]
    return tuple(torch.rand(2, 2, width).to(dtype) for width in widths)


@pytest.mark.parametrize("learn", [False, True], ids=["inference", "training"])
@pytest.mark.parametrize("packed", [False, True], ids=["dense", "packed"])
@pytest.mark.parametrize("backend", ["compiled", "torch", "reference"])
@pytest.mark.parametrize("kind", KINDS)
def test_dtypes_and_values_are_torchs(kind: str, backend: str, packed: bool, learn: bool) -> None:
    torch.manual_seed(0)
    name = kind.partition("-")[0]
    theirs = getattr(nn, name)(3, 4, 2, **KINDS[kind])
    ours = getattr(throughtime, name)(3, 4, 2, **KINDS[kind], backend=backend)
    ours.load_state_dict(theirs.state_dict())
    compared = 0
    for x_dtype, state_dtype in itertools.product(DTYPES, STATES):
        x, hx = torch.randn(5, 2, 3).to(x_dtype), states(theirs, state_dtype)
        try:
            expected = results(theirs, x, hx, torch.bfloat16, packed, learn)
        except RuntimeError:  # float64, which autocast leaves alone
            assert torch.float64 in (x_dtype, state_dtype)
            with pytest.raises(TensorError, match=r"must have the dtype of the weights, torch\.float32; got"):
                results(ours, x, hx, torch.bfloat16, packed, learn)
            continue
        found = results(ours, x, hx, torch.bfloat16, packed, learn)
        assert [one.dtype for one in found] == [one.dtype for one in expected], (x_dtype, state_dtype)
        for one, other in zip(found, expected, strict=True):
            scale = max(1.0, float(other.abs().max()))
            assert float((one.double() - other.double()).abs().max()) < HALF_PRECISION * scale
        compared += 1
    assert compared == 12


@pytest.mark.parametrize("kind", ["GRU", "RNN"])
def test_float16_is_asked_for_in_the_same_way(kind: str) -> None:
    theirs, ours = getattr(nn, kind)(3, 4, 2), getattr(throughtime, kind)(3, 4, 2, backend="compiled")
    for x_dtype, state_dtype in itertools.product(DTYPES[:3], STATES[:4]):
        x, hx = torch.randn(5, 2, 3).to(x_dtype), states(theirs, state_dtype)
        found, expected = (results(one, x, hx, torch.float16, False, True) for one in (ours, theirs))
        assert [one.dtype for one in found] == [one.dtype for one in expected]


def test_the_engine_computes_in_the_dtype_of_the_weights() -> None:
    layer, x = LSTM(3, 4, backend="compiled"), torch.randn(5, 2, 3)
    expected = layer(x)[0]
    with torch.autocast("cpu"):
        assert torch.equal(layer(x)[0], expected.bfloat16())


def test_cells_that_torch_lacks_give_autocasts_dtype() -> None:
    layer, x = Recurrent("layer_norm_lstm", 3, 4), torch.randn(5, 2, 3)
    with torch.autocast("cpu"):
        output, last = layer(x)
    assert {one.dtype for one in (output, *last)} == {torch.bfloat16}


def test_integers_are_refused_under_autocast_too() -> None:
    with torch.autocast("cpu"), pytest.raises(TensorError, match=r"torch.float32; got torch.int64$"):
        LSTM(3, 4)(torch.zeros(5, 2, 3, dtype=torch.int64))
