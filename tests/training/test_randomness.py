"""The same key, the same draws, of every generator."""

from __future__ import annotations

import random

import numpy as np
import torch

from throughtime.training.step import seed_all


def draws(*key: int) -> tuple[float, ...]:
    seed_all(*key)
    numpy = np.random.random(), np.random.standard_normal()
    return (random.random(), random.gauss(0, 1), *numpy, torch.rand(1).item(), torch.randn(1).item())


def test_a_key_gives_the_same_numbers() -> None:
    assert draws(3, 1) == draws(3, 1)


def test_another_key_gives_others_to_each_generator() -> None:
    for key in ((3, 2), (1, 3), (3, 1, 1)):
        assert all(one != other for one, other in zip(draws(3, 1), draws(*key), strict=True))
