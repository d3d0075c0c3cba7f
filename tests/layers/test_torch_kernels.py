"""Torch's kernels against the reference, for the cells that torch has."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from throughtime import Cell, Recurrent
from throughtime.cells import GRU, LSTM, Elman, ElmanReLU, ProjectedLSTM
from tolerances import tolerance

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")

CELLS = [Elman(), ElmanReLU(), LSTM(), ProjectedLSTM(2), GRU()]


def _run(
    layer: Recurrent, x: Tensor, hx: tuple[Tensor, ...] | None, lengths: list[int] | None
) -> list[Tensor]:
    """Output, states and all gradients of one pass."""
    given = None if hx is None else hx if len(hx) > 1 else hx[0]
    output, last = layer(x, given, lengths)
    results = [output, *(last if isinstance(last, tuple) else (last,))]
    loss = torch.stack([result.square().sum() for result in results]).sum()
    return [*results, *torch.autograd.grad(loss, [x, *(hx or ()), *layer.parameters()])]


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("lengths", [None, [3, 7, 1]], ids=["dense", "ragged"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one way", "both ways"])
@pytest.mark.parametrize("state", [False, True], ids=["no state", "state"])
def test_torch_kernels_are_the_reference(
    cell: Cell, dtype: torch.dtype, lengths: list[int] | None, bidirectional: bool, state: bool
) -> None:
    torch.manual_seed(0)
    shape = dict(num_layers=2, bidirectional=bidirectional, dtype=dtype)
    kernels, reference = (Recurrent(cell, 3, 9, backend=name, **shape) for name in ("torch", "reference"))  # type: ignore[arg-type]
    kernels.load_state_dict(reference.state_dict())
    rows, sizes = 2 * kernels.num_directions, cell.state_sizes(9).values()
    hx = (
        tuple(torch.randn(rows, 3, size, dtype=dtype, requires_grad=True) for size in sizes)
        if state
        else None
    )
    x = torch.randn(7, 3, 3, dtype=dtype, requires_grad=True)
    found, expected = _run(kernels, x, hx, lengths), _run(reference, x, hx, lengths)
    assert_close(found, expected, **tolerance("gradient", dtype))


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_without_gradients_the_numbers_are_the_same(cell: Cell) -> None:
    layer, x = Recurrent(cell, 3, 9, 2, backend="torch"), torch.randn(4, 2, 3)
    expected = layer(x)[0].detach()
    for context in (torch.no_grad(), torch.inference_mode()):
        with context:
            assert_close(layer(x)[0], expected, **tolerance("forward", torch.float32))
            ragged = layer(x, lengths=[4, 2])[0]
            assert_close(ragged[:, 0], expected[:, 0], **tolerance("forward", torch.float32))


def test_a_cell_derived_from_one_of_torchs_is_another_cell() -> None:
    class Halved(LSTM):
        def step(self, wx, u, s, p):
            new, seen = super().step(wx, u, s, p)
            return {name: value / 2 for name, value in new.items()}, seen

    with pytest.raises(ValueError, match=r"^backend='torch' cannot run Halved: "):
        Recurrent(Halved(), 3, 4, backend="torch")
    layer = Recurrent(Halved(), 3, 4)
    plain = Recurrent(LSTM(), 3, 4)
    plain.load_state_dict(layer.state_dict())
    x = torch.randn(1, 2, 3)
    assert_close(layer(x)[0], plain(x)[0] / 2, **tolerance("forward", torch.float32))
