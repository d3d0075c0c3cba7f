"""The only source of randomness of the phrasebook."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """Random choices from a seed, using only `random.Random.random`, whose sequence Python keeps stable."""

    def __init__(self, seed: int) -> None:
        self._uniform = random.Random(seed).random

    def choice(self, options: Sequence[T]) -> T:
        """Choose one of the options uniformly."""
        return options[int(self._uniform() * len(options))]

    def happens(self, probability: float) -> bool:
        """Whether an event of this probability happens."""
        return self._uniform() < probability

    def between(self, low: int, high: int) -> int:
        """Choose an integer from low to high, both included."""
        return low + int(self._uniform() * (high - low + 1))
