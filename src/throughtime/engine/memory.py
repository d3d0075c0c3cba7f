"""Reused memory: what is saved for backward is large, and new memory is slow to obtain.

The system provides memory page by page when it is first written to, which for large results takes as long as
the work on them. Tensors of this pool stay inside the engine, except gradients of weights; what a layer
returns is allocated by torch.
"""

from __future__ import annotations

import math
import mmap
import weakref
from threading import Lock

import torch
from torch import Tensor

LARGE = 1 << 20
"""Bytes from which a tensor is allocated in the pool."""

HELD = 1 << 30
"""Maximum bytes that wait in the pool for reuse."""


class Pool:
    """Blocks of memory, each returned when the last tensor in it is gone."""

    def __init__(self) -> None:
        self._free: list[mmap.mmap] = []
        self._used: dict[int, object] = {}
        self._lock = Lock()

    def empty(self, like: Tensor, rows: int, width: int) -> Tensor:
        """Return an uninitialised tensor (rows, width) with the dtype of `like`."""
        size = rows * width * like.element_size()
        if size < LARGE or not hasattr(mmap, "MAP_PRIVATE"):
            return like.new_empty(rows, width)
        block = self._taken(size) or _new(size)
        view = memoryview(block)
        number = id(view)

        def back(_: object) -> None:  # called from any thread at any moment: it must not wait for a lock
            del self._used[number]
            self._free.append(block)

        self._used[number] = weakref.ref(view, back)
        return torch.frombuffer(view, dtype=like.dtype, count=rows * width).view(rows, width)

    def waiting(self) -> int:
        """Return the bytes that wait for reuse."""
        return sum(map(len, self._free))

    def _taken(self, size: int) -> mmap.mmap | None:
        """Remove and return the smallest block that is large enough and not mostly wasted."""
        with self._lock:
            while self.waiting() > HELD:
                del self._free[0]
            fitting = [k for k, block in enumerate(self._free) if size <= len(block) <= 2 * size]
            best = min(fitting, key=lambda k: len(self._free[k]), default=None)
            return None if best is None else self._free.pop(best)


def _new(size: int) -> mmap.mmap:
    """Return a block with room to spare for batches of similar size, of huge pages if allowed."""
    step = 1 << max(20, math.frexp(size)[1] - 3)
    block = mmap.mmap(-1, -(-size // step) * step, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        block.madvise(mmap.MADV_HUGEPAGE)
    return block


pool = Pool()
