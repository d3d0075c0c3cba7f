"""A layer on the native scan and the same on the reference, and everything that they give."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from throughtime import Cell, Recurrent
from throughtime.engine.native import native
from tolerances import tolerance

needs_native = pytest.mark.skipif(native is None, reason="throughtime has no native part here")


def pair(
    cell: Cell, hidden: int, dtype: torch.dtype = torch.float64, **options
) -> tuple[Recurrent, Recurrent]:
    """A layer on the engine, and one with the same weights in float64 on the reference."""
    torch.manual_seed(0)
    ours = Recurrent(cell, 3, hidden, dtype=dtype, backend="compiled", **options)
    theirs = Recurrent(cell, 3, hidden, dtype=torch.float64, backend="reference", **options)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def everything(
    layer: Recurrent, x: Tensor, hx: list[Tensor] | None, lengths: list[int] | None
) -> list[Tensor]:
    """Outputs, last states, and gradients of input, first states and weights for random gradients of them."""
    given = [value.detach().to(layer.weight_ih_l0.dtype).requires_grad_() for value in (x, *(hx or ()))]
    state = None if hx is None else tuple(given[1:]) if len(hx) > 1 else given[1]
    torch.manual_seed(2)
    output, last = layer(given[0], state, lengths)
    found = [output, *(last if isinstance(last, tuple) else (last,))]
    torch.manual_seed(1)
    loss = sum(
        ((one.double() * torch.randn(one.shape, dtype=torch.float64)).sum() for one in found), torch.zeros(())
    )
    grads = torch.autograd.grad(
        loss, [*given, *layer.parameters()], allow_unused=True, materialize_grads=True
    )
    return [one.detach().double() for one in (*found, *grads)]


TORCH = tuple(int(number) for number in torch.__version__.split(".")[:2])
"""The version of torch that the tests run with."""


def allowed(cell: Cell, dtype: torch.dtype) -> dict[str, float]:
    """What `everything` may differ by."""
    return dict(tolerance("normalised" if "Norm" in cell.name else "gradient", dtype))


def states(layer: Recurrent, batch: int) -> list[Tensor]:
    """First states, small and above 0, as a normaliser has to be."""
    sizes = layer.cell.state_sizes(layer.hidden_size).values()
    rows = layer.num_layers * layer.num_directions
    return [0.1 + 0.2 * torch.rand(rows, batch, size, dtype=torch.float64) for size in sizes]
