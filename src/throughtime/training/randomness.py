"""The random number generators of Python, NumPy and torch."""

from __future__ import annotations

import random

import numpy as np
import torch


def seed_all(*key: int) -> None:
    """Seed every generator from some numbers, 0 or more; the same ones give the same draws."""
    first, second = np.random.SeedSequence(key).generate_state(2, np.uint64).tolist()
    random.seed(first)
    np.random.seed(second % 2**32)
    torch.manual_seed(first)
