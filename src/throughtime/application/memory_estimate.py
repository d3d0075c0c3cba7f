"""The memory that a run will need, estimated before it begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from throughtime.application.processes import processes, processes_here
from throughtime.errors import InputError
from throughtime.layers import Recurrent
from throughtime.training.config import TrainingConfig
from throughtime.training.keeping import in_bytes
from throughtime.training.optimisers import moments

NUMBER = 4
"""Bytes of a number."""

PROGRAM = 1000 << 20
"""Bytes of Python, torch and the rest, without data; measured, as is the number of copies of everything."""

COPIES = 3
"""Of a value that an operation computes: itself, what is saved for backward, its gradient."""

MEMINFO = Path("/proc/meminfo")
LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes by what needs them, of each process; `free` are those that the machine has for all of them.

    `advice` names what would need less: "a smaller tokens_per_batch needs less".
    """

    parts: Mapping[str, int]
    free: int | None
    processes: int = 1
    advice: str = ""

    @property
    def total(self) -> int:
        """All parts together."""
        return sum(self.parts.values())

    def summary(self) -> str:
        """Return the sum in one line."""
        parts = ", ".join(f"{name} {in_bytes(size)}" for name, size in self.parts.items())
        among = f" for {self.processes} processes, each" if self.processes > 1 else ""
        of = "" if self.free is None else f" of {in_bytes(self.free)} free{among}"
        return f"memory: about {in_bytes(self.total)}{of}: {parts}"

    def check(self) -> None:
        """Raise InputError, with the sum, for what cannot fit."""
        if self.free is not None and self.processes * self.total > self.free:
            raise InputError("; ".join(filter(None, (self.summary(), self.advice))))


def parts_of_training(weights: int, training: TrainingConfig, processes: int = 1) -> dict[str, int]:
    """Return the bytes that training needs for these bytes of weights, by use, those of no batch.

    processes: of the run, which exchange gradients.
    """
    kept, averages = moments(training), bool(training.average_decay)
    parts = {
        "program": PROGRAM,
        "weights": weights,
        "gradients": weights,
        "optimiser": kept * weights,
        "moving average": averages * weights,
        "exchange of gradients": weights if processes > 1 else 0,
        "packing and saving": (2 + 2 * (1 + kept + averages)) * weights,
    }
    return {name: size for name, size in parts.items() if size}


def memory_of_steps(
    model: nn.Module, layer: Recurrent, steps: int, others: int, training: TrainingConfig
) -> MemoryEstimate:
    """Return the memory of training a model with a recurrence on batches of that many steps.

    others: numbers that a batch needs beside the recurrence.
    """
    weights = NUMBER * sum(parameter.numel() for parameter in model.parameters())
    parts = {
        **parts_of_training(weights, training, processes()),
        "recurrence": NUMBER * steps * activations(layer),
        "inputs and outputs": NUMBER * others,
    }
    return MemoryEstimate(parts, free_memory(), processes_here(), "fewer rows, steps or a smaller network")


def activations(layer: Recurrent) -> int:
    """Return how many numbers a layer holds for each step of a sequence until its gradient is computed."""
    states = sum(layer.cell.state_sizes(layer.hidden_size).values())
    each = len(layer.cell.gates) * layer.hidden_size + states
    return layer.num_layers * layer.num_directions * COPIES * each


def free_memory() -> int | None:
    """Return the bytes that this process may still take; None where the system does not say."""
    known = [size for size in (_available(), *map(_limit, LIMITS)) if size is not None]
    return min(known, default=None)


def _available() -> int | None:
    try:
        lines = MEMINFO.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")), None)


def _limit(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
