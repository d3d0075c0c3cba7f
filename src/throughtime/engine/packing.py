"""Matrices packed for the scan's products, and whether weights have changed since they were packed."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef

from throughtime.engine.memory import pool
from throughtime.engine.native import address, in_rows, native, require_cpu, threads

Held = TypeVar("Held")

WORTH_SHARING = 1 << 16
"""Size of a matrix from which several threads pack it faster than one."""

WORTH_READING_TOGETHER = 1 << 18
"""Bytes from which several threads read them faster than one."""


def pack(matrix: Tensor) -> Tensor:
    """Pack a matrix."""
    assert native is not None
    require_cpu(matrix)
    matrix = matrix.resolve_neg()
    rows, columns = matrix.shape
    packed = pool.empty(matrix, 1, native.packed_size(rows, columns, matrix.element_size()))
    team = threads() if packed.numel() > WORTH_SHARING else 1
    native.pack[matrix.dtype](matrix.data_ptr(), *matrix.stride(), rows, columns, address(packed), team)
    return packed


def digest(tensors: Sequence[Tensor]) -> int:
    """Return a number that changes when any number in these tensors does, however it was written.

    Every byte is read: torch counts writes to a tensor, but not those through `.data`, through NumPy's view
    of its memory, or by another process that shares it. A single changed number always changes the digest;
    several at once leave it unchanged with probability 2^-64.
    """
    assert native is not None
    require_cpu(*tensors)
    readable = [_in_one_piece(tensor) for tensor in tensors]
    pieces = array("q", [tensor.data_ptr() for tensor in readable])
    sizes = array("q", [tensor.nbytes for tensor in readable])
    team = threads() if sum(sizes) >= WORTH_READING_TOGETHER else 1
    return native.digest(pieces.buffer_info()[0], sizes.buffer_info()[0], len(pieces), team)


def _in_one_piece(tensor: Tensor) -> Tensor:
    """Return the tensor itself if it fills one piece of memory, in whichever order, else a copy."""
    if tensor.is_contiguous() or (tensor.dim() == 2 and tensor.mT.is_contiguous()):
        return tensor
    return in_rows(tensor)


class Snapshot:
    """Weights as they were when first used inside `with snapshot:`, without checks for changes.

    Without one, every call of inference reads its weights to see whether they have changed since they were
    packed, which costs too much for calls as short as one step. A snapshot may be entered many times;
    `refresh` makes the next use check the weights again.
    """

    _current = threading.local()

    def __init__(self) -> None:
        self._held: dict[Hashable, Any] = {}
        self._outer: list[Snapshot | None] = []

    def __enter__(self) -> Snapshot:
        self._outer.append(_current_snapshot())
        Snapshot._current.value = self
        return self

    def __exit__(self, *_: object) -> None:
        Snapshot._current.value = self._outer.pop()

    def refresh(self) -> None:
        """Check the weights again at their next use."""
        self._held.clear()

    def hold(self, key: Hashable, make: Callable[[], Held]) -> Held:
        """Return what `make` returned when this key was first used."""
        if key not in self._held:
            self._held[key] = make()
        return cast(Held, self._held[key])


def _current_snapshot() -> Snapshot | None:
    return getattr(Snapshot._current, "value", None)  # pyright: ignore[reportPrivateUsage]


def as_of_snapshot(key: Hashable, make: Callable[[], Held]) -> Held:
    """Return what `make` returns, or inside a snapshot what it first returned there for this key."""
    snapshot = _current_snapshot()
    return make() if snapshot is None else snapshot.hold(key, make)


@dataclass(frozen=True)
class _Packed:
    """A packed matrix, the storage and the digest of the matrix it was packed from."""

    storage: StorageWeakRef
    digest: int
    matrix: Tensor


_packed: dict[tuple[Any, ...], _Packed] = {}


def packed_for_good(matrix: Tensor) -> Tensor:
    """Return the matrix packed, reusing the earlier packing unless the matrix has changed."""
    storage = StorageWeakRef(matrix.untyped_storage())
    key = (storage.cdata, matrix.storage_offset(), matrix.shape, matrix.stride(), matrix.dtype)
    # The matrix itself is held too: while it lives, no other occupies its memory.
    packed, _ = as_of_snapshot(key, lambda: (_packed_unless_changed(matrix, storage, key), matrix))
    return packed


def _packed_unless_changed(matrix: Tensor, storage: StorageWeakRef, key: tuple[Any, ...]) -> Tensor:
    now = digest([matrix])
    packed = _packed.get(key)
    if packed is None or packed.digest != now:
        _forget_the_dead()
        packed = _packed[key] = _Packed(storage, now, pack(matrix))
    return packed.matrix


def _forget_the_dead() -> None:
    for key in [key for key, packed in _packed.items() if packed.storage.expired()]:
        del _packed[key]
