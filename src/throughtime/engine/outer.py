"""Outer products summed over rows, which are the gradients of matrices, as an operator of torch."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import torch
from torch import Tensor

from throughtime.engine.memory import pool
from throughtime.engine.native import address, in_rows, native, threads
from throughtime.engine.operators import library, plain

library.define("outer(Tensor[] d, Tensor[] v) -> Tensor[]")

WORTH_THREADS = 1 << 18
"""Multiplications from which several threads are faster than one."""


def outer_sums(d: Sequence[Tensor], v: Sequence[Tensor]) -> list[Tensor]:
    """Return d^T v for each pair: the sum of the outer products of their rows.

    d: (rows, m) and v: (rows, n) each, of any strides. The results are (m, n).
    """
    if d and not plain(d[0]):
        return torch.ops.throughtime.outer(list(d), list(v))
    return _outer_sums(d, v)


def _outer_sums(d: Sequence[Tensor], v: Sequence[Tensor]) -> list[Tensor]:
    if not d:
        return []
    assert native is not None
    d, v = [in_rows(factor) for factor in d], [in_rows(factor) for factor in v]
    sums = [pool.empty(left, left.shape[1], right.shape[1]) for left, right in zip(d, v, strict=True)]
    laid = array("q")
    work = 0
    for left, right, to in zip(d, v, sums, strict=True):
        rows, m, n = len(left), left.shape[1], right.shape[1]
        laid.extend((address(left), address(right), address(to), rows, m, n, 0))
        work += rows * m * n
    team = threads() if work >= WORTH_THREADS else 1
    native.outer[d[0].dtype](laid.buffer_info()[0], len(d), team)
    return sums


def column_sums(d: Tensor) -> Tensor:
    """Return the sums (m,) of the columns of d (rows, m), as `d.sum(0)`.

    This avoids torch's threads, which would synchronise once more and then spin into the next operation.
    """
    if not plain(d):
        return d.sum(0)
    assert native is not None
    d = in_rows(d)
    to = d.new_empty(d.shape[1])
    team = threads() if d.numel() >= WORTH_THREADS else 1
    native.column_sums[d.dtype](address(d), *d.shape, address(to), team)
    return to


def _shapes(d: Sequence[Tensor], v: Sequence[Tensor]) -> list[Tensor]:
    return [left.new_empty(left.shape[1], right.shape[1]) for left, right in zip(d, v, strict=True)]


library.impl("outer", _outer_sums, "CPU")
torch.library.register_fake("throughtime::outer", _shapes, lib=library)
