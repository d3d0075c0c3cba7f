"""The random number generators of Python, NumPy and torch, taken down and put back together."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import torch
from torch import Tensor


def seed_all(seed: int) -> None:
    """Seed every generator."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def torch_states() -> dict[str, Tensor]:
    """Return the states of torch's generators, of the CPU and of each CUDA device in use."""
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        states |= {f"cuda.{i}": state for i, state in enumerate(torch.cuda.get_rng_state_all())}
    return states


def restore_torch(states: dict[str, Tensor]) -> None:
    """Put back what `torch_states` gave; states of devices that are not there are left out."""
    torch.set_rng_state(states["cpu"])
    for i in range(torch.cuda.device_count()):
        if f"cuda.{i}" in states:
            torch.cuda.set_rng_state(states[f"cuda.{i}"], i)


def other_states() -> str:
    """Return the states of Python's and NumPy's generators as JSON."""
    kind, keys, *rest = np.random.get_state(legacy=True)
    return json.dumps({"python": random.getstate(), "numpy": [kind, np.asarray(keys).tolist(), *rest]})


def restore_others(states: str) -> None:
    """Put back what `other_states` gave."""
    values: dict[str, Any] = json.loads(states)
    version, numbers, gauss = values["python"]
    random.setstate((version, tuple(numbers), gauss))
    np.random.set_state(tuple(values["numpy"]))
