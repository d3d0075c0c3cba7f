"""Random states taken down and put back."""

from __future__ import annotations

import random

import numpy as np
import torch

from throughtime.training.randomness import (
    other_states,
    restore_others,
    restore_torch,
    seed_all,
    torch_states,
)


def draw() -> tuple[float, ...]:
    numpy = np.random.random(), np.random.standard_normal()
    return (random.random(), random.gauss(0, 1), *numpy, torch.rand(1).item(), torch.randn(1).item())


def test_the_same_numbers_come_after_putting_back() -> None:
    draw()  # leaves half of a Gaussian pair waiting in each generator
    own, others = torch_states(), other_states()
    first = draw()
    assert draw() != first
    restore_torch(own)
    restore_others(others)
    assert draw() == first


def test_a_seed_gives_the_same_numbers() -> None:
    seed_all(3)
    first = draw()
    seed_all(4)
    assert draw() != first
    seed_all(3)
    assert draw() == first
