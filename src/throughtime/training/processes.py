"""The processes of a run, on one machine or several: how they begin, agree, and end together."""

from __future__ import annotations

import atexit
import logging
import os
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy

from throughtime.training.config import Precision
from throughtime.training.lock import held
from throughtime.training.non_finite import TrainingError

T = TypeVar("T")

_PATIENCE = timedelta(days=7)
"""How long the others wait while the first prepares or validates; one that has gone is noticed at once."""


def processes() -> int:
    """How many processes torchrun started, on all machines; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", 1))


def processes_here() -> int:
    """How many of them are on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", 1))


def join(precision: Precision) -> Fabric:
    """Meet the other processes that torchrun started, or go alone; on the device that fits best."""
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it tells of what was asked for
    if processes() == 1:
        return Fabric(accelerator="auto", devices=1, precision=precision)
    fabric = Fabric(
        accelerator="auto",
        devices=processes_here(),
        num_nodes=processes() // processes_here(),
        strategy=DDPStrategy(timeout=_PATIENCE),
        precision=precision,
    )
    fabric.launch()
    atexit.register(_leave)
    return fabric


@contextmanager
def held_by_first(fabric: Fabric, folder: Path) -> Generator[None]:
    """Have the first process hold a folder for all; raise InputError as `held` does."""
    with ExitStack() as stack:
        first_does(fabric, lambda: stack.enter_context(held(folder)))
        yield


def _leave() -> None:
    """End gloo's threads while Python still runs: at its end they now and then abort it.

    Before torch 2.8 that hangs now and then where another process is gone already.
    """
    version = tuple(map(int, torch.__version__.split(".")[:2]))
    if torch.distributed.is_initialized() and version >= (2, 8):
        torch.distributed.destroy_process_group()


def first_does(fabric: Fabric, action: Callable[[], T]) -> T:
    """Have the first process act while the others wait; return to all what it returned.

    Where it fails, the first raises the error, and the others, who have nothing to add, leave.
    """
    result: T | None = None
    error: Exception | None = None
    if fabric.is_global_zero:
        try:
            result = action()
        except Exception as found:
            error = found
    result, failed = fabric.broadcast((result, error is not None))
    if error is not None:
        raise error
    if failed:
        raise SystemExit(1)
    return result  # pyright: ignore[reportReturnType]


@contextmanager
def lost_in_one_sentence(fabric: Fabric, folder: Path) -> Generator[None]:
    """Raise TrainingError, which says what is kept, where another process is gone."""
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
