"""Modified cells on the native scan against the reference, with the same noise."""

from __future__ import annotations

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck
from torch.testing import assert_close

from every_cell import MODIFIED
from native_scan import allowed, everything, needs_native, pair, states
from throughtime import Cell
from tolerances import FINITE_DIFFERENCES

pytestmark = needs_native
every_cell = pytest.mark.parametrize("cell", MODIFIED, ids=lambda cell: cell.name)


@every_cell
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("lengths", [None, [2, 6, 1, 4]], ids=str)
def test_the_same_as_the_reference(
    cell: Cell, dtype: torch.dtype, training: bool, lengths: list[int] | None
) -> None:
    ours, theirs = pair(cell, 9, dtype, num_layers=2, bidirectional=True)
    ours.train(training)
    theirs.train(training)
    x, hx = torch.randn(6, 4, 3), states(ours, 4)
    assert_close(everything(ours, x, hx, lengths), everything(theirs, x, hx, lengths), **allowed(cell, dtype))


@every_cell
def test_finite_differences(cell: Cell) -> None:
    ours, _ = pair(cell, 3, bidirectional=True)

    def run(x: torch.Tensor, *weights: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(3)
        names = [name for name, _ in ours.named_parameters()]
        return torch.func.functional_call(ours, dict(zip(names, weights, strict=True)), (x,))[0]

    given = [torch.randn(2, 2, 3, dtype=torch.float64), *(one.detach() for one in ours.parameters())]
    inputs = [one.requires_grad_() for one in given]
    assert gradcheck(run, inputs, **FINITE_DIFFERENCES)
    assert gradgradcheck(run, inputs, **FINITE_DIFFERENCES)


@every_cell
def test_streams_take_the_mean(cell: Cell) -> None:
    ours, _ = pair(cell, 5)
    ours.eval()
    x = torch.randn(4, 2, 3, dtype=torch.float64)
    stream = ours.stream(2)
    with torch.no_grad():
        assert_close(torch.stack([stream.step(one) for one in x]), ours(x)[0])
