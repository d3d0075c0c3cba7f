"""Which words decided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PIECES = 400
"""Of a text at most; the words of a longer one are left out several at a time."""


@dataclass(frozen=True)
class Piece:
    """Some of a text, and by how much the probability of what was said falls without it."""

    text: str
    weight: float


def word_weights(
    text: str, label: int, probabilities: Callable[[Sequence[str]], NDArray[np.float64]]
) -> list[Piece]:
    """Return the words of a text in their order: p(label | text) - p(label | text without the word)."""
    words = text.split()
    width = max(-(-len(words) // PIECES), 1)
    starts = range(0, len(words), width)
    without = [" ".join(words[:first] + words[first + width :]) for first in starts]
    chances = probabilities([text, *without])[:, label]
    return [
        Piece(" ".join(words[first : first + width]), float(chances[0] - chance))
        for first, chance in zip(starts, chances[1:], strict=True)
    ]
