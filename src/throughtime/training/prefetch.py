"""Batches that are prepared before they are needed."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Any

from throughtime.training.task import Batches

AHEAD = 2
"""Batches in preparation, or waiting to be used, for each worker."""


@contextmanager
def prepared_ahead(batches: Batches, numbers: Iterable[int], workers: int) -> Generator[Batches]:
    """Prepare batches ahead by `workers` threads, in the order of `numbers`, until the context ends.

    Without workers each batch is prepared when it is asked for. The batches are the same either way, as they
    do not depend on global random state.

    Workers are threads: reading files, decoding images and video (Pillow, OpenCV, av) and the operations of
    NumPy and torch release Python's global lock, so that threads run side by side, and neither the data set
    nor the batches are pickled. Batches that are built by Python code alone gain nothing.
    """
    if not workers:
        yield batches
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="throughtime-batches")
    try:
        yield _Ahead(batches, numbers, pool, AHEAD * workers)
    finally:
        pool.shutdown(cancel_futures=True)


class _Ahead:
    """The batches of an epoch, of which the next `depth` are in preparation or ready."""

    def __init__(self, batches: Batches, numbers: Iterable[int], pool: Executor, depth: int) -> None:
        self._batches, self._numbers, self._pool = batches, iter(numbers), pool
        self._futures: dict[int, Future[Any]] = {}
        self._prepare(depth)

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, number: int) -> Any:
        future = self._futures.pop(number, None)
        if future is None:  # a batch that was used already, and is looked at again after a non-finite loss
            return self._batches[number]
        self._prepare(1)
        return future.result()

    def _prepare(self, count: int) -> None:
        for number in islice(self._numbers, count):
            self._futures[number] = self._pool.submit(self._batches.__getitem__, number)
