"""What a step may not do in the engine, each named with its way out."""

from __future__ import annotations

import re

import pytest
import torch

from one_step import one_step
from throughtime import Cell
from throughtime.engine.lowering import Unsupported

A_WAY_OUT = "; backend='reference' runs it"


class Asking(Cell):
    """A cell whose step is the test's."""

    gates = ("a",)

    def __init__(self, body) -> None:
        object.__setattr__(self, "body", body)

    def step(self, wx, u, s, p):
        return dict(h=self.body((wx + u(s.h)).a)), {}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (lambda a: torch.erfinv(a), "the engine lacks erfinv, which Asking uses"),
        (lambda a: a**1.7, "the engine lacks the power 1.7"),
        (lambda a: a + torch.randn(6), "Asking draws by chance (randn) inside its step"),
        (lambda a: torch.rand_like(a) * a, "Asking draws by chance (rand_like) inside its step"),
        (lambda a: a.add_(1), "Asking writes in place (add_) inside its step"),
        (lambda a: a - a.mean(0), "the engine takes the mean of each row, dim=-1 and keepdim=True, alone"),
        (lambda a: a - a.sum(), "the engine lacks sum, which Asking uses"),
        (lambda a: a[:, ::2].repeat(1, 2), "the engine cuts rows by columns, with step 1, alone"),
        (lambda a: a @ a.mT @ a, "the engine lacks transpose, which Asking uses"),
        (lambda a: torch.cat([a, a], 0)[:2], "the engine joins rows by columns alone"),
        (lambda a: a if (a > 0).all() else -a, "the engine lacks all, which Asking uses"),
        (lambda a: a[:, :3], "h of Asking must be rows of 6 numbers"),
        (lambda a: 3.0, "h of Asking must be rows of 6 numbers"),
    ],
)
def test_refused(body, told: str) -> None:
    with pytest.raises(Unsupported, match=f"^{re.escape(told + A_WAY_OUT)}$"):
        one_step(Asking(body))
