"""Sequences to label, as a table."""

from __future__ import annotations

import numpy as np


def echoes(count: int = 12, length: int = 30, seed: int = 0) -> str:
    """Sequences, each label the letter before; beside it a number that is sometimes missing."""
    draw, lines = np.random.default_rng(seed), ["letter\tsize\ttag"]
    for _ in range(count):
        letters = draw.choice(list("abc"), length)
        sizes = ["NA" if draw.random() < 0.1 else f"{size:.3f}" for size in draw.normal(5, 2, length)]
        before = ["a", *letters[:-1]]
        lines += [*("\t".join(row) for row in zip(letters, sizes, before, strict=True)), ""]
    return "\n".join(lines)
