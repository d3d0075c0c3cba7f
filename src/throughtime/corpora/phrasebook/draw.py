"""The one source of chance of the phrasebook."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """Choices from a seed, by `random.Random.random` alone, whose sequence Python promises to keep."""

    def __init__(self, seed: int) -> None:
        self._uniform = random.Random(seed).random

    def one(self, options: Sequence[T]) -> T:
        """Choose one of the options, all being as likely."""
        return options[int(self._uniform() * len(options))]

    def happens(self, probability: float) -> bool:
        """Tell whether an event of this probability happens."""
        return self._uniform() < probability

    def between(self, low: int, high: int) -> int:
        """Choose a whole number from low to high, both included."""
        return low + int(self._uniform() * (high - low + 1))
