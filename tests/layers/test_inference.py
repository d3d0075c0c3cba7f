"""Layers without gradients go the shortest way to the engine, with the numbers of the long one."""

from __future__ import annotations

import copy
import pickle
import threading

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.testing import assert_close

from native_scan import needs_native
from throughtime import LSTM, Cell, Recurrent
from tolerances import tolerance

pytestmark = needs_native


def long_way(layer: Recurrent, x: Tensor, hx: object = None) -> list[Tensor]:
    """With gradients: nothing that inference keeps takes part."""
    output, state = layer(x, hx)
    assert output.requires_grad
    return [output.detach(), *(one.detach() for one in (state if isinstance(state, tuple) else (state,)))]


@torch.no_grad()
def short_way(layer: Recurrent, x: Tensor, hx: object = None) -> list[Tensor]:
    output, state = layer(x, hx)
    return [output, *(state if isinstance(state, tuple) else (state,))]


@pytest.mark.parametrize("batch", [1, 3, 40])
def test_the_numbers_of_the_long_way(cell: Cell, batch: int) -> None:
    layer = Recurrent(cell, 9, 17, 2, bidirectional=True, backend="compiled").eval()
    for steps in (5, 1, 5):
        x = torch.randn(steps, batch, 9)
        assert_close(short_way(layer, x), long_way(layer, x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("batch_first", [False, True])
def test_input_of_any_layout(batch_first: bool) -> None:
    layer = LSTM(6, 8, batch_first=batch_first, backend="compiled").eval()
    wide = torch.randn(4, 5, 13)
    for x in (
        wide[..., :6],
        wide[:, ::2, 1:7],
        wide[0, :1, :6].expand(4, 1, 6),
        torch.randn(6, 4, 5).permute(1, 2, 0),
    ):
        assert_close(short_way(layer, x), long_way(layer, x), rtol=1e-5, atol=1e-6)


def test_a_given_state_stays_as_it_was() -> None:
    layer = LSTM(6, 8, 2, backend="compiled").eval()
    x, hx = torch.randn(5, 3, 6), (torch.randn(2, 3, 8), torch.randn(3, 2, 8).transpose(0, 1))
    before = [one.clone() for one in hx]
    assert_close(short_way(layer, x, hx), long_way(layer, x, hx), rtol=1e-5, atol=1e-6)
    assert all(map(torch.equal, hx, before))


def test_results_of_one_call_outlive_the_next() -> None:
    layer = LSTM(6, 8, backend="compiled").eval()
    x = torch.randn(5, 3, 6)
    first = short_way(layer, x)
    copies = [one.clone() for one in first]
    short_way(layer, torch.randn(5, 3, 6))
    assert all(map(torch.equal, first, copies))


def in_place(layer: LSTM) -> None:
    with torch.no_grad():
        layer.weight_hh_l0.mul_(2)


def behind_torch_s_back(layer: LSTM) -> None:
    layer.weight_hh_l0.data.mul_(2)


def other_memory(layer: LSTM) -> None:
    layer.weight_hh_l0.data = layer.weight_hh_l0.data * 2


def another_parameter(layer: LSTM) -> None:
    layer.weight_hh_l0 = torch.nn.Parameter(layer.weight_hh_l0.detach() * 2)


@pytest.mark.parametrize("change", [in_place, behind_torch_s_back, other_memory, another_parameter])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("hidden", [8, 40])
def test_changed_weights_are_noticed(change, dtype: torch.dtype, hidden: int) -> None:
    layer = LSTM(6, hidden, backend="compiled", dtype=dtype).eval()
    x = torch.randn(5, 3, 6, dtype=dtype)
    before = short_way(layer, x)[0]
    change(layer)
    after = short_way(layer, x)
    assert not torch.equal(before, after[0])
    assert_close(after, long_way(layer, x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_a_copy_has_weights_of_its_own(copied) -> None:
    layer = LSTM(6, 8, backend="compiled").eval()
    x = torch.randn(5, 3, 6)
    before = short_way(layer, x)
    other = copied(layer)
    behind_torch_s_back(other)
    assert_close(short_way(other, x), long_way(other, x), rtol=1e-5, atol=1e-6)
    assert all(map(torch.equal, short_way(layer, x), before))


def test_threads_side_by_side() -> None:
    layer = LSTM(6, 32, 2, backend="compiled").eval()
    inputs = [torch.randn(20, 4, 6) for _ in range(8)]
    right = [short_way(layer, x)[0] for x in inputs]
    wrong: list[int] = []

    def work(k: int) -> None:
        for _ in range(50):
            if not torch.equal(short_way(layer, inputs[k])[0], right[k]):
                wrong.append(k)

    workers = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


@pytest.mark.parametrize(
    ("shape", "told"),
    [((5, 3, 7), "input must have 6 features"), ((0, 3, 6), "input must have at least one step")],
)
def test_bad_input_is_refused_as_ever(shape: tuple[int, ...], told: str) -> None:
    layer = LSTM(6, 8, backend="compiled").eval()
    with pytest.raises(ValueError, match=told):
        short_way(layer, torch.randn(shape))


def test_an_empty_batch() -> None:
    layer = LSTM(6, 8, backend="compiled").eval()
    output, h, c = short_way(layer, torch.randn(5, 0, 6))
    assert (output.shape, h.shape, c.shape) == ((5, 0, 8), (1, 0, 8), (1, 0, 8))


@pytest.mark.filterwarnings("ignore:.torch.jit.* is deprecated")  # forward-mode differentiation uses it
@pytest.mark.parametrize("grad", [False, True], ids=["no grad", "grad"])
def test_tangents_come_through(cell: Cell, grad: bool) -> None:
    """Forward-mode differentiation goes on where gradients are off."""
    torch.manual_seed(0)
    layer = Recurrent(cell, 3, 4, 2, bidirectional=True, dtype=torch.float64, backend="compiled").eval()
    reference = copy.deepcopy(layer)
    reference.backend = "reference"
    x, tangent = torch.randn(2, 5, 2, 3, dtype=torch.float64)
    with torch.set_grad_enabled(grad), forward_ad.dual_level():
        found = forward_ad.unpack_dual(layer(forward_ad.make_dual(x, tangent))[0]).tangent
    _, expected = torch.func.jvp(lambda x: reference(x)[0], (x,), (tangent,))
    kind = "normalised" if "Norm" in cell.name else "gradient"
    assert_close(found, expected, **tolerance(kind, torch.float64))


def test_tangents_of_weights_come_through() -> None:
    layer = LSTM(3, 4, dtype=torch.float64, backend="compiled").eval()
    x, weight = torch.randn(5, 2, 3, dtype=torch.float64), layer.weight_hh_l0.detach()
    tangent = torch.randn_like(weight)

    def run(weight: Tensor) -> Tensor:
        return torch.func.functional_call(layer, {"weight_hh_l0": weight}, (x,))[0]

    with torch.no_grad(), forward_ad.dual_level():
        found = forward_ad.unpack_dual(run(forward_ad.make_dual(weight, tangent))).tangent
    _, expected = torch.func.jvp(run, (weight,), (tangent,))
    assert_close(found, expected, **tolerance("gradient", torch.float64))
