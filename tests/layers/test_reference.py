"""The reference: its gradients against finite differences, twice, and under torch.func."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.func import functional_call, grad, jacrev, stack_module_state, vmap
from torch.testing import assert_close

from throughtime import LSTM, Cell, Recurrent
from throughtime.cells import ProjectedLSTM
from tolerances import FINITE_DIFFERENCES, tolerance

INPUT, HIDDEN = 2, 2


def _narrow(cell: Cell) -> Cell:
    return ProjectedLSTM(1) if isinstance(cell, ProjectedLSTM) else cell


def _as_function(
    cell: Cell, bias: bool, lengths: list[int] | None, steps: int, batch: int
) -> tuple[Callable[..., tuple[Tensor, ...]], tuple[Tensor, ...]]:
    """A layer as a function of input, first states and weights alone, and where to evaluate it."""
    torch.manual_seed(0)
    layer = Recurrent(_narrow(cell), INPUT, HIDDEN, bias=bias, dtype=torch.float64, backend="reference")
    names = [name for name, _ in layer.named_parameters()]
    x = torch.randn(steps, batch, INPUT, dtype=torch.float64)
    first = [torch.rand(1, batch, size).double() for size in layer.cell.state_sizes(HIDDEN).values()]
    weights = [torch.randn_like(parameter) for parameter in layer.parameters()]

    def run(x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        hx, given = rest[: len(first)], dict(zip(names, rest[len(first) :], strict=True))
        call = (x, hx if len(hx) > 1 else hx[0], lengths)
        output, last = functional_call(layer, given, call)
        return (output, *((last,) if isinstance(last, Tensor) else last))

    return run, tuple(value.detach().requires_grad_() for value in (x, *first, *weights))


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_gradients_are_finite_differences(cell: Cell, bias: bool) -> None:
    run, at = _as_function(cell, bias, None, steps=3, batch=2)
    assert gradcheck(run, at, **FINITE_DIFFERENCES)


def test_gradients_of_ragged_batches_are_finite_differences(cell: Cell) -> None:
    run, at = _as_function(cell, True, [1, 3], steps=3, batch=2)
    assert gradcheck(run, at, **FINITE_DIFFERENCES)


def test_gradients_of_gradients_are_finite_differences(cell: Cell) -> None:
    run, at = _as_function(cell, True, None, steps=2, batch=1)
    assert gradgradcheck(run, at, **FINITE_DIFFERENCES)


def test_double_backward_through_a_deep_layer_in_both_directions(cell: Cell) -> None:
    """The gradient of a gradient's squared norm against a difference of it along a random direction."""
    torch.manual_seed(0)
    layer = Recurrent(cell, 3, 4, 2, bidirectional=True, dtype=torch.float64, backend="reference")
    x = torch.randn(4, 2, 3, dtype=torch.float64, requires_grad=True)

    def penalty(x: Tensor) -> Tensor:
        (slope,) = torch.autograd.grad(layer(x)[0].square().sum(), x, create_graph=True)
        return slope.square().sum()

    (found,) = torch.autograd.grad(penalty(x), x)
    direction = torch.randn_like(x)
    direction /= direction.norm()
    step = FINITE_DIFFERENCES["eps"]
    difference = (penalty(x + step * direction) - penalty(x - step * direction)).detach() / (2 * step)
    allowed = {name: FINITE_DIFFERENCES[name] for name in ("rtol", "atol")}
    assert_close((found * direction).sum(), difference, **allowed)


def test_vmap_over_a_batch_is_the_batch(cell: Cell) -> None:
    layer = Recurrent(cell, 3, 4, 2, bidirectional=True, dtype=torch.float64, backend="reference")
    x = torch.randn(5, 6, 3, dtype=torch.float64)
    one_by_one, last = vmap(layer, out_dims=(1, 1))(x.transpose(0, 1))
    together, after = layer(x)
    assert_close((one_by_one, last), (together, after), **tolerance("forward", torch.float64))


def test_grad_and_vmap_give_gradients_a_sequence(cell: Cell) -> None:
    layer = Recurrent(cell, 3, 4, dtype=torch.float64, backend="reference")
    weights = {name: value.detach() for name, value in layer.named_parameters()}
    x = torch.randn(4, 5, 3, dtype=torch.float64)

    def loss(weights: dict[str, Tensor], one: Tensor) -> Tensor:
        return functional_call(layer, weights, (one,))[0].square().sum()

    each = vmap(grad(loss), in_dims=(None, 0))(weights, x)
    for b in range(4):
        alone = torch.autograd.grad(layer(x[b])[0].square().sum(), list(layer.parameters()))
        found = [each[name][b] for name in weights]
        kind = "normalised" if "Norm" in cell.name else "gradient"
        assert_close(found, list(alone), **tolerance(kind, torch.float64))


def test_vmap_over_weights_runs_an_ensemble() -> None:
    layers = [LSTM(3, 4, dtype=torch.float64, backend="reference") for _ in range(3)]
    weights, buffers = stack_module_state(layers)
    x = torch.randn(5, 2, 3, dtype=torch.float64)
    found = vmap(lambda w, b: functional_call(layers[0], (w, b), (x,))[0])(weights, buffers)
    assert_close(found, torch.stack([layer(x)[0] for layer in layers]), **tolerance("forward", torch.float64))


def test_jacobian_of_the_output_in_the_first_input_shows_causality() -> None:
    layer = LSTM(3, 4, dtype=torch.float64, backend="reference")
    jacobian = jacrev(lambda x: layer(x)[0])(torch.randn(5, 3, dtype=torch.float64))  # (T, H, T, I)
    reaches = jacobian.abs().sum(dim=(1, 3)) > 0
    assert torch.equal(reaches, torch.ones(5, 5).tril().bool())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_runs_in_half_precision(cell: Cell, dtype: torch.dtype) -> None:
    layer = Recurrent(cell, 3, 4, dtype=dtype, backend="reference")
    output, last = layer(torch.randn(5, 2, 3, dtype=dtype))
    assert output.dtype == dtype
    assert all(part.dtype == dtype for part in (last if isinstance(last, tuple) else (last,)))
    assert output.isfinite().all()
