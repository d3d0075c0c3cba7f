"""Matrices as the scan's products read them: packed for a call, or until the weights change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef

from throughtime.engine.memory import pool
from throughtime.engine.native import native, threads

WORTH_SHARING = 1 << 16
"""Numbers of a matrix below which one thread packs it as fast as all."""

SAMPLES = 8
"""Rows and columns at most that tell whether a matrix was changed where its version does not say so."""


def pack(matrix: Tensor) -> Tensor:
    """The matrix packed."""
    assert native is not None
    rows, columns = matrix.shape
    packed = pool.empty(matrix, 1, native.packed_size(rows, columns, matrix.element_size()))
    team = threads() if packed.numel() > WORTH_SHARING else 1
    native.pack[matrix.dtype](matrix.data_ptr(), *matrix.stride(), rows, columns, packed.data_ptr(), team)
    return packed


@dataclass(frozen=True)
class _Kept:
    """A packed matrix, and what it was packed from."""

    storage: StorageWeakRef
    version: int
    sample: Tensor
    packed: Tensor


_kept: dict[tuple[Any, ...], _Kept] = {}


def packed_for_good(matrix: Tensor) -> Tensor:
    """The matrix packed when it was first asked for, or when it had changed since.

    A change is told by torch's version of the tensor, and by a sample of its numbers, since writes to `.data`
    leave the version as it is. Tensors made in inference mode have none, and are packed every time.
    """
    if matrix.is_inference():
        return pack(matrix)
    storage = StorageWeakRef(matrix.untyped_storage())
    key = (storage.cdata, matrix.storage_offset(), matrix.shape, matrix.stride())
    sample = _sample(matrix)
    found = _kept.get(key)
    if found is None or found.version != matrix._version or not torch.equal(found.sample, sample):
        _forget_the_dead()
        found = _kept[key] = _Kept(storage, matrix._version, sample.clone(), pack(matrix))
    return found.packed


def _sample(matrix: Tensor) -> Tensor:
    rows, columns = (max(1, size // SAMPLES) for size in matrix.shape)
    return matrix.detach()[::rows, ::columns]


def _forget_the_dead() -> None:
    for key in [key for key, one in _kept.items() if one.storage.expired()]:
        del _kept[key]
