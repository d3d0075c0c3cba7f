"""Gradients of the scan for input of any strides, and in batches under vmap."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.autograd.functional import hessian, jacobian
from torch.testing import assert_close

from every_cell import BUILT_IN, USERS
from native_scan import allowed, needs_native, pair
from throughtime import Cell, Recurrent

pytestmark = [
    needs_native,
    pytest.mark.filterwarnings("ignore:.*torch.jit.script:FutureWarning"),  # torch meets its own
    pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning"),
]

every_cell = pytest.mark.parametrize("cell", BUILT_IN + USERS, ids=lambda cell: cell.name)

VIEWS = {
    "one sequence of a batch": lambda wide: wide[:, 1:2, :3],
    "some features": lambda wide: wide[..., 2:5],
    "every other step": lambda wide: wide[::2, :, :3],
    "batch first": lambda wide: wide[..., :3].contiguous().transpose(0, 1),
    "the same sequence again": lambda wide: wide[:, :1, :3].expand(-1, 4, -1),
    "features first": lambda wide: wide[..., :3].permute(2, 0, 1).contiguous().permute(1, 2, 0),
}


def slopes(layer: Recurrent, x: Tensor, **options: object) -> tuple[Tensor, ...]:
    torch.manual_seed(1)
    output = layer(x, **options)[0]
    return torch.autograd.grad(
        output, list(layer.parameters()), torch.randn(output.shape, dtype=output.dtype)
    )


@every_cell
@pytest.mark.parametrize("view", VIEWS)
def test_input_of_any_strides(cell: Cell, view: str) -> None:
    ours, theirs = pair(cell, 5, bidirectional=True)
    x = VIEWS[view](torch.randn(6, 4, 7, dtype=torch.float64))
    assert_close(slopes(ours, x), slopes(theirs, x), **allowed(cell, torch.float64))


@every_cell
@pytest.mark.parametrize("lengths", [None, [2, 5, 1]], ids=["equal", "ragged"])
def test_gradients_in_batches(cell: Cell, lengths: list[int] | None) -> None:
    ours, theirs = pair(cell, 5, bidirectional=True)
    x = torch.randn(5, 3, 3, dtype=torch.float64, requires_grad=True)
    found: list[tuple[Tensor, ...]] = []
    for layer in (ours, theirs):
        output = layer(x, lengths=lengths)[0]
        torch.manual_seed(1)
        seeds = torch.randn(4, *output.shape, dtype=torch.float64)
        wanted = [x, *layer.parameters()]
        found.append(torch.autograd.grad(output, wanted, seeds, is_grads_batched=True))
    assert_close(found[0], found[1], **allowed(cell, torch.float64))


def test_gradients_in_batches_of_layers_that_share_a_given_state() -> None:
    found: list[tuple[Tensor, ...]] = []
    for layer in pair(BUILT_IN[4], 5, num_layers=2, bidirectional=True):
        torch.manual_seed(1)
        x = torch.randn(5, 3, 3, dtype=torch.float64, requires_grad=True)
        hx = [torch.randn(4, 3, 5, dtype=torch.float64, requires_grad=True) for _ in layer.cell.state]
        output = layer(x, tuple(hx))[0]
        seeds = torch.randn(4, *output.shape, dtype=torch.float64)
        wanted = [x, *hx, *layer.parameters()]
        for _ in range(2):
            slopes = torch.autograd.grad(output, wanted, seeds, is_grads_batched=True, retain_graph=True)
        found.append(slopes)
    assert_close(found[0], found[1], **allowed(BUILT_IN[4], torch.float64))


@every_cell
def test_second_derivatives_of_a_layer_called_on_its_own_output(cell: Cell) -> None:
    found: list[tuple[Tensor, ...]] = []
    for layer in pair(cell, 5):
        torch.manual_seed(1)
        x = torch.randn(4, 2, 3, dtype=torch.float64, requires_grad=True)
        out = layer.cell.output_size(5)
        again = layer(layer(x)[0].tile(2)[..., :3] if out < 3 else layer(x)[0][..., :3])[0]
        wanted = [x, *layer.parameters()]
        first = torch.autograd.grad(again.square().mean(), wanted, create_graph=True)
        second = torch.autograd.grad(sum(one.sum() for one in first) / 10, wanted, allow_unused=True)
        found.append((*first, *(torch.zeros(()) if one is None else one for one in second)))
    assert_close(found[0], found[1], **allowed(cell, torch.float64))


def test_jacobians_and_hessians_vectorised() -> None:
    ours, _ = pair(BUILT_IN[4], 5)
    x = torch.randn(4, 2, 3, dtype=torch.float64)

    def last(x: Tensor) -> Tensor:
        return ours(x)[0][-1]

    for of, what in ((jacobian, last), (hessian, lambda x: last(x).sum())):
        expected = of(what, x)
        assert float(expected.abs().max()) > 0.01
        assert_close(of(what, x, vectorize=True), expected, **allowed(ours.cell, torch.float64))
    forwards = jacobian(last, x, vectorize=True, strategy="forward-mode")
    assert_close(forwards, jacobian(last, x), **allowed(ours.cell, torch.float64))


def test_vmap_over_gradients() -> None:
    ours, _ = pair(BUILT_IN[4], 5)
    x = torch.randn(4, 2, 3, dtype=torch.float64, requires_grad=True)
    output = ours(x)[0]
    seeds = torch.randn(3, *output.shape, dtype=torch.float64)
    found = torch.func.vmap(lambda seed: torch.autograd.grad(output, x, seed, retain_graph=True)[0])(seeds)
    expected = [torch.autograd.grad(output, x, seed, retain_graph=True)[0] for seed in seeds]
    assert_close(found, torch.stack(expected), **allowed(ours.cell, torch.float64))


def test_forward_mode_goes_by_the_equations() -> None:
    ours, theirs = pair(BUILT_IN[4], 5)
    x, along = torch.randn(2, 4, 2, 3, dtype=torch.float64)
    with forward_ad.dual_level():
        found, expected = (
            forward_ad.unpack_dual(layer(forward_ad.make_dual(x, along))[0]).tangent
            for layer in (ours, theirs)
        )
    assert_close(found, expected, **allowed(ours.cell, torch.float64))
