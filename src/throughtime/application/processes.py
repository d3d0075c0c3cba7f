"""The processes of a run, on one machine or several: how they begin and end together."""

from __future__ import annotations

import atexit
import logging
import os
from datetime import timedelta

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy

from throughtime.training.config import Precision

_TIMEOUT = timedelta(days=7)
"""How long processes wait while the first prepares or validates; a process that died is noticed at once."""


def processes() -> int:
    """Return the number of processes that torchrun started, on all machines; 1 without torchrun."""
    return int(os.environ.get("WORLD_SIZE", 1))


def processes_here() -> int:
    """Return the number of processes that torchrun started on this machine; 1 without torchrun."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", 1))


def join(precision: Precision) -> Fabric:
    """Return the Fabric of all processes that torchrun started, or of this one, on the fastest device."""
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it would log the settings made here
    if processes() == 1:
        return Fabric(accelerator="auto", devices=1, precision=precision)
    fabric = Fabric(
        accelerator="auto",
        devices=processes_here(),
        num_nodes=processes() // processes_here(),
        strategy=DDPStrategy(timeout=_TIMEOUT),
        precision=precision,
    )
    fabric.launch()
    atexit.register(_leave)
    return fabric


def _leave() -> None:
    """End gloo's threads before Python exits: left to the exit, they now and then abort it.

    Before torch 2.8 this hangs now and then where another process has died.
    """
    version = tuple(map(int, torch.__version__.split(".")[:2]))
    if torch.distributed.is_initialized() and version >= (2, 8):
        torch.distributed.destroy_process_group()
