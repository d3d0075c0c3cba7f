"""Matrices as the scan's products read them: packed for a call, or until the weights change."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef

from throughtime.engine.memory import pool
from throughtime.engine.native import native, sample, threads

WORTH_SHARING = 1 << 16
"""Numbers of a matrix below which one thread packs it as fast as all."""


def pack(matrix: Tensor) -> Tensor:
    """The matrix packed."""
    assert native is not None
    rows, columns = matrix.shape
    packed = pool.empty(matrix, 1, native.packed_size(rows, columns, matrix.element_size()))
    team = threads() if packed.numel() > WORTH_SHARING else 1
    native.pack[matrix.dtype](matrix.data_ptr(), *matrix.stride(), rows, columns, packed.data_ptr(), team)
    return packed


class Watched:
    """Tensors of which a change is noticed.

    It is told by where a tensor lies, by torch's version of it, and by a sample of its numbers, since writes
    to `.data` leave the version as it is. Tensors made in inference mode have none, and always count as
    changed.
    """

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self._tensors = tensors
        self._sizes = array("q", [_bytes_in_one_piece(one) for one in tensors])

    def mark(self) -> object:
        """What is equal as long as the tensors are as they were."""
        places = array("q", [one.data_ptr() for one in self._tensors])
        versions = [object() if one.is_inference() else one._version for one in self._tensors]
        return places, versions, sample(places, self._sizes)


def _bytes_in_one_piece(tensor: Tensor) -> int:
    whole = (
        tensor.is_contiguous() or tensor.mT.is_contiguous() if tensor.dim() == 2 else tensor.is_contiguous()
    )
    return tensor.numel() * tensor.element_size() if whole else 0


@dataclass(frozen=True)
class _Kept:
    """A packed matrix, and the storage and the mark of what it was packed from."""

    storage: StorageWeakRef
    mark: object
    packed: Tensor


_kept: dict[tuple[Any, ...], _Kept] = {}


def packed_for_good(matrix: Tensor) -> Tensor:
    """The matrix packed when it was first asked for, or when it had changed since."""
    if matrix.is_inference():
        return pack(matrix)
    storage = StorageWeakRef(matrix.untyped_storage())
    key = (storage.cdata, matrix.storage_offset(), matrix.shape, matrix.stride())
    mark = Watched([matrix]).mark()
    found = _kept.get(key)
    if found is None or found.mark != mark:
        _forget_the_dead()
        found = _kept[key] = _Kept(storage, mark, pack(matrix))
    return found.packed


def _forget_the_dead() -> None:
    for key in [key for key, one in _kept.items() if one.storage.expired()]:
        del _kept[key]
