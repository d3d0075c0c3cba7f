"""Forward-mode derivatives: dual numbers go by the cell's equations, whatever asks for gradients beside
them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.testing import assert_close

from throughtime import Cell, Recurrent
from tolerances import tolerance

pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning"
)  # torch scripts its own rules for dual numbers


def tangents(layer: Recurrent, x: Tensor, dx: Tensor) -> list[Tensor | None]:
    """The derivatives of output and last states along dx."""
    with forward_ad.dual_level():
        output, last = layer(forward_ad.make_dual(x, dx))
        results = [output, *(last if isinstance(last, tuple) else (last,))]
        return [forward_ad.unpack_dual(one).tangent for one in results]


@pytest.mark.parametrize("frozen", [False, True], ids=["trained", "frozen"])
@pytest.mark.parametrize("grad", [False, True], ids=["no grad", "grad"])
def test_derivatives_of_an_input(cell: Cell, frozen: bool, grad: bool) -> None:
    torch.manual_seed(0)
    layer = (
        Recurrent(cell, 3, 5, 2, bidirectional=True, dtype=torch.float64).eval().requires_grad_(not frozen)
    )
    x, dx = torch.randn(2, 4, 2, 3, dtype=torch.float64)

    def results(x: Tensor) -> tuple[Tensor, ...]:
        output, last = layer(x)
        return (output, *(last if isinstance(last, tuple) else (last,)))

    _, expected = torch.autograd.functional.jvp(results, x, dx)
    with torch.set_grad_enabled(grad):
        found = tangents(layer, x, dx)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours is not None
        assert_close(ours.detach(), theirs.detach(), **tolerance("normalised", torch.float64))


def test_derivatives_of_a_weight_without_gradients() -> None:
    layer, x = Recurrent("lstm", 3, 5, dtype=torch.float64).eval(), torch.randn(4, 2, 3, dtype=torch.float64)
    direction = torch.randn_like(layer.weight_hh_l0)
    sides = []
    for step in (1e-6, -1e-6):
        with torch.no_grad():
            layer.weight_hh_l0.add_(step * direction)
            sides.append(layer(x)[0])
            layer.weight_hh_l0.sub_(step * direction)
    weights = dict(layer.named_parameters())
    with torch.no_grad(), forward_ad.dual_level():
        dual = {**weights, "weight_hh_l0": forward_ad.make_dual(weights["weight_hh_l0"].detach(), direction)}
        output = torch.func.functional_call(layer, dual, (x,))[0]
        found = forward_ad.unpack_dual(output).tangent
    assert_close(found, (sides[0] - sides[1]) / 2e-6, rtol=1e-6, atol=1e-8)
