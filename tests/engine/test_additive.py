"""Scores of additive attention by the engine, against torch's operations."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from native_scan import needs_native
from throughtime.engine.additive import additive_gradients, additive_scores
from tolerances import tolerance

pytestmark = needs_native


def by_torch(queries: Tensor, keys: Tensor, energy: Tensor) -> Tensor:
    return torch.tanh(queries[:, :, None] + keys[:, None]) @ energy


@pytest.mark.parametrize("shape", [(3, 4, 5, 7), (1, 1, 1, 1), (2, 3, 17, 64), (40, 9, 12, 33)], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_scores_and_gradients_are_those_of_torch(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    batch, steps, places, width = shape
    torch.manual_seed(sum(shape))
    queries, keys, energy = (
        torch.randn(*size, dtype=dtype, requires_grad=True)
        for size in ((batch, steps, width), (batch, places, width), (width,))
    )
    expected = by_torch(queries, keys, energy)
    given = queries.detach(), keys.detach(), energy.detach()
    torch.testing.assert_close(additive_scores(*given), expected)
    upstream = torch.randn_like(expected).masked_fill_(torch.rand_like(expected) < 0.2, 0.0)
    gradients = torch.autograd.grad(expected, [queries, keys, energy], upstream)
    for one, other in zip(additive_gradients(*given, upstream), gradients, strict=True):
        torch.testing.assert_close(one, other, **tolerance("shared", dtype))


def test_the_order_in_memory_is_nobody_s_business() -> None:
    queries, keys = torch.randn(5, 3, 8).mT[:, ::2].mT, torch.randn(4, 3, 8)[:, :, ::2][:3]
    queries = queries[:3, :, :4]
    energy = torch.randn(8)[::2]
    torch.testing.assert_close(additive_scores(queries, keys, energy), by_torch(queries, keys, energy))


def test_sums_do_not_depend_on_threads() -> None:
    torch.manual_seed(0)
    given = torch.randn(8, 10, 96), torch.randn(8, 11, 96), torch.randn(96)
    upstream = torch.randn(8, 10, 11)
    before = torch.get_num_threads()
    found: list[tuple[Tensor, ...]] = []
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            found.append((additive_scores(*given), *additive_gradients(*given, upstream)))
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert all(torch.equal(one, another) for one, another in zip(found[0], other, strict=True))


def test_padding_has_no_gradient_whatever_lies_there() -> None:
    queries, keys, energy = torch.randn(1, 2, 4), torch.randn(1, 3, 4), torch.randn(4)
    keys[0, 2] = torch.nan
    upstream = torch.tensor([[[1.0, 2.0, 0.0], [3.0, 4.0, 0.0]]])
    d_queries, d_keys, d_energy = additive_gradients(queries, keys, energy, upstream)
    assert not d_queries.isnan().any() and not d_energy.isnan().any()
    assert d_keys[0, 2].tolist() == [0.0] * 4
