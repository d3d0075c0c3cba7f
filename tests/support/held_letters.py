"""Sequences to label, as a table."""

from __future__ import annotations

import numpy as np


def held_letters(count: int = 12, length: int = 30, seed: int = 0) -> str:
    """Letters, each labelled by the last one but for c; beside it a number that is sometimes missing."""
    draw, lines = np.random.default_rng(seed), ["letter\tsize\ttag"]
    for _ in range(count):
        tag = "a"
        for letter, size in zip(draw.choice(list("abccc"), length), draw.normal(5, 2, length), strict=True):
            tag = tag if letter == "c" else letter
            lines.append(f"{letter}\t{size:.3f}\t{tag}" if draw.random() < 0.9 else f"{letter}\tNA\t{tag}")
        lines.append("")
    return "\n".join(lines)
