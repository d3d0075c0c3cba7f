"""How the processes of a run act as one: they exchange values, and they end together."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import torch
from lightning_fabric import Fabric

from throughtime.training.non_finite import TrainingError

T = TypeVar("T")


def first_does(fabric: Fabric, action: Callable[[], T]) -> T:
    """Run `action` in the first process while the others wait; return its result in all of them.

    Where it fails, the first process raises the error and the others exit.
    """
    result: T | None = None
    error: Exception | None = None
    if fabric.is_global_zero:
        try:
            result = action()
        except Exception as caught:
            error = caught
    result, failed = fabric.broadcast((result, error is not None))
    if error is not None:
        raise error
    if failed:
        raise SystemExit(1)
    return result  # pyright: ignore[reportReturnType]


def gathered(fabric: Fabric, value: T) -> list[T]:
    """Return the values of all processes, in the order of their ranks."""
    return [fabric.broadcast(value, src=rank) for rank in range(fabric.world_size)]


@contextmanager
def lost_in_one_sentence(fabric: Fabric, folder: Path) -> Generator[None]:
    """Raise TrainingError, which names the checkpoint, where another process has died."""
    try:
        yield
    except RuntimeError as error:
        if fabric.world_size == 1 or not _of_connection(error):
            raise
        raise TrainingError(
            f"process {fabric.global_rank} of {fabric.world_size} lost another one of the run; "
            f"the last checkpoint in {folder} is whole, and as many or other processes go on from it"
        ) from error


def _of_connection(error: RuntimeError) -> bool:
    return isinstance(error, torch.distributed.DistError) or "gloo" in str(error)
