"""Gradients of matrices: outer products summed over rows."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from native_scan import needs_native
from throughtime.engine.outer import outer_sums

pytestmark = needs_native

SHAPES = [(1, 1, 1), (5, 3, 2), (129, 257, 64), (700, 40, 100), (0, 4, 5)]
"""Rows and the two widths."""


def factors(rows: int, m: int, n: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    torch.manual_seed(rows)
    return torch.randn(rows, m, dtype=dtype), torch.randn(rows, n, dtype=dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_sums_are_products(dtype: torch.dtype) -> None:
    pairs = [factors(*shape, dtype) for shape in SHAPES]
    for found, (d, v) in zip(outer_sums(*zip(*pairs, strict=True)), pairs, strict=True):
        expected = d.double().T @ v.double()
        bound = len(d) * torch.finfo(dtype).eps * (d.abs().double().T @ v.abs().double())
        assert found.dtype == dtype and bool(((found - expected).abs() <= bound).all())


def test_nothing_gives_nothing() -> None:
    assert outer_sums([], []) == []


def test_not_a_number_spreads_as_far_as_it_does() -> None:
    d, v = factors(10, 3, 40)
    d[4, 1], v[7, 30] = float("nan"), float("inf")
    (found,) = outer_sums([d], [v])
    expected = d.T @ v
    assert_close(found, expected, equal_nan=True)
    assert found.isnan().equal(expected.isnan())


def test_one_thread_and_several_give_the_same_bits() -> None:
    d, v = factors(1000, 300, 200, torch.float32)
    several, threads = outer_sums([d], [v])[0], torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        assert torch.equal(outer_sums([d], [v])[0], several)
    finally:
        torch.set_num_threads(threads)


def test_torch_knows_it_as_an_operator() -> None:
    pairs = [factors(*shape) for shape in SHAPES]
    given = tuple(list(one) for one in zip(*pairs, strict=True))
    torch.library.opcheck(torch.ops.throughtime.outer.default, given)


def test_factors_of_any_strides() -> None:
    d, v = factors(30, 8, 6)
    expected = d[::2, 2:7].T @ v[::2, :3]
    assert_close(outer_sums([d[::2, 2:7]], [v[::2, :3]])[0], expected)
    assert_close(outer_sums([d.T.contiguous().T], [v[:1].expand(30, 6)])[0], d.T @ v[:1].expand(30, 6))
