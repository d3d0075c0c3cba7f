"""What a layer returned may be changed in place before its gradient is computed."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from native_scan import allowed, needs_native
from throughtime import GRU, LSTM, RNN, Cell, Recurrent
from tolerances import tolerance

pytestmark = needs_native


def gradients(layer: nn.Module, x: Tensor, which: int, in_place: bool) -> list[Tensor]:
    """Of input and weights, with the output (0) or a last state (1, 2, ...) changed in place or anew."""
    layer.zero_grad()
    x = x.clone().requires_grad_()
    output, last = layer(x)
    results = [output, *(last if isinstance(last, tuple) else (last,))]
    if in_place:
        results[which].mul_(2).add_(1)
    else:
        results[which] = results[which].mul(2).add(1)
    sum((one.square().sum() for one in results), torch.zeros((), dtype=x.dtype)).backward()
    return [one.grad.clone() for one in (x, *layer.parameters())]


@pytest.mark.parametrize("shape", [{}, {"num_layers": 2}, {"bidirectional": True}], ids=str)
def test_results_changed_in_place_have_the_right_gradient(cell: Cell, shape: dict[str, int]) -> None:
    layer = Recurrent(cell, 3, 5, dtype=torch.float64, backend="compiled", **shape)
    x = torch.randn(4, 2, 3, dtype=torch.float64)
    for which in range(1 + len(cell.state)):
        expected = gradients(layer, x, which, in_place=False)
        assert_close(gradients(layer, x, which, in_place=True), expected, **allowed(cell, torch.float64))


@pytest.mark.parametrize("kind", [LSTM, GRU, RNN], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("backend", ["compiled", "torch", "reference"])
def test_where_torch_goes_on_so_do_we(kind, backend: str) -> None:
    """In float64 torch's layers take changes in place of whatever they returned."""
    theirs = getattr(nn, kind.__name__)(3, 5, 2, dtype=torch.float64)
    ours = kind(3, 5, 2, dtype=torch.float64, backend=backend)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(4, 2, 3, dtype=torch.float64)
    for which in range(1 + len(ours.cell.state)):
        found, expected = (gradients(layer, x, which, in_place=True) for layer in (ours, theirs))
        assert_close(found, expected, **tolerance("gradient", torch.float64))


def test_the_output_written_through_data_after_the_loss(cell: Cell) -> None:
    layer = Recurrent(cell, 3, 5, dtype=torch.float64, backend="compiled")
    x = torch.randn(4, 2, 3, dtype=torch.float64)
    found = []
    for changed in (False, True):
        layer.zero_grad()
        output, _ = layer(x)
        loss = output.sum()
        if changed:
            output.data.mul_(2)
        loss.backward()
        found.append([parameter.grad.clone() for parameter in layer.parameters()])
    assert_close(found[1], found[0], rtol=0, atol=0)


@pytest.mark.parametrize("kind", [LSTM, GRU, RNN], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("what", ["input", "state", "weight"])
def test_what_went_in_may_not_be_changed_before_the_gradient(kind, what: str) -> None:
    layer, x, h = kind(3, 5), torch.randn(4, 2, 3), torch.randn(1, 2, 5)
    hx = (h, h.clone()) if kind is LSTM else h
    output, _ = layer(x.requires_grad_(), hx)
    with torch.no_grad():
        {"input": x, "state": h, "weight": layer.weight_hh_l0}[what].mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        output.sum().backward()
