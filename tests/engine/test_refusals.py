"""What a step may not do in the engine, each named with its way out."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest
import torch
from torch.nn import functional

from one_step import one_step
from throughtime import Cell
from throughtime.engine.lowering import Unsupported

A_WAY_OUT = "; backend='reference' runs it"
MIXES = " mixes sequences, which the engine keeps apart"
THE_SAME = (
    "; the engine takes tensors that are the same for all sequences, or made by zeros_like and the like"
)
A_CHANGE = (
    "the step of Asking depends on something that a program cannot follow: numbers read from its tensors, "
    "the size of the batch, random numbers, or what an earlier call left behind"
)


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
        (lambda a: a + torch.randn(6), "Asking draws random numbers (randn) inside its step"),
        (lambda a: torch.rand_like(a) * a, "Asking draws random numbers (rand_like) inside its step"),
        (lambda a: a - a.mean(0), "a mean along the batch" + MIXES),
        (lambda a: a - a.sum(dim=(0, 1)), "a sum along the batch" + MIXES),
        (lambda a: a - a.sum(), "the engine lacks sum, which Asking uses"),
        (lambda a: torch.cat([a, a], 0)[:2], "joining along the batch" + MIXES),
        (lambda a: a.flip(0), "a flip along the batch" + MIXES),
        (lambda a: a.roll(1), "a roll without dim" + MIXES),
        (lambda a: a @ a.mT @ a, "transposing the batch" + MIXES),
        (lambda a: a.repeat(2, 1)[:2], "repeating the batch" + MIXES),
        (lambda a: a[:, None] * a, "Asking mixes sequences: (2, 6) with (2, 2, 6)"),
        (lambda a: a[:, None].bmm(a[..., None])[:, 0], "the engine lacks bmm, which Asking uses"),
        (lambda a: a.norm(3, -1, keepdim=True) * a, "the engine takes norms of order 1, 2 and inf; got 3"),
        (lambda a: a if (a > 0).all() else -a, "the engine lacks all, which Asking uses"),
        (lambda a: a * a[0, 0].item(), "a selection along the batch" + MIXES),
        (lambda a: a * float(torch.ones(())), "the step of Asking depends on values (_local_scalar_dense)"),
        (lambda a: a[a > 0], "the step of Asking depends on values (index)"),
        (lambda a: a * (1 + a.detach().numpy().mean()), A_CHANGE),
        (lambda a: a * a.tolist()[0][0], A_CHANGE),
        (lambda a: a / len(a), A_CHANGE),
        (lambda a: a * random.random(), A_CHANGE),
        (lambda a: a * torch.from_numpy(np.random.rand(6)), A_CHANGE),
        (lambda a: a + torch.zeros(len(a), 6), "Asking has rows of its own, of shape (2, 6)" + THE_SAME),
        (
            lambda a: (a.max(-1)[1][:, None] > 2) * a,
            "the engine has only the first result of max, and Asking uses another",
        ),
        (lambda a: (a > 0) + (a < 1), "add of Asking computes in torch.bool, which the engine does not"),
        (lambda a: a.long() * a, "_to_copy of Asking computes in torch.int64, which the engine does not"),
        (
            lambda a: a.half().float(),
            "_to_copy of Asking computes in torch.float16, which the engine does not",
        ),
        (
            lambda a: functional.cosine_similarity(a, a)[:, None] * a,
            "Asking writes in place without gradients (clamp_min_) inside its step",
        ),
        (
            lambda a: torch.stack([a[:, k] for k in range(6)] * 11, 1)[:, :6],
            "the engine joins at most 64 pieces of a row; got 66",
        ),
        (lambda a: torch.ones_like(a), "the step of Asking does not use its input"),
        (lambda a: a[:, :3], "h of Asking must be rows of 6 numbers"),
        (lambda a: 3.0, "h of Asking must be rows of 6 numbers"),
    ],
)
def test_refused(body, told: str) -> None:
    with pytest.raises(Unsupported, match=f"^{re.escape(told + A_WAY_OUT)}$"):
        one_step(Asking(body))


class Remembering(Cell):
    """A cell that keeps what its last step gave, on itself."""

    gates = ("a",)

    def step(self, wx, u, s, p):
        h = torch.tanh((wx + u(s.h)).a + getattr(self, "last", 0.0))
        object.__setattr__(self, "last", h)
        return dict(h=h), {}


def test_a_step_that_sets_attributes() -> None:
    """The trial leaves nothing behind on the cell."""
    cell = Remembering()
    with pytest.raises(Unsupported, match=r"^the step of Remembering sets last of the cell; backend="):
        one_step(cell)
    assert not vars(cell)


def test_what_is_read_of_parameters() -> None:
    class Choosing(Cell):
        gates = ("a",)

        def parameters(self, hidden_size):
            return {"gain": (hidden_size,)}

        def step(self, wx, u, s, p):
            a = (wx + u(s.h)).a
            return dict(h=torch.tanh(a) if p.gain.sum() > 0 else -a), {}

    with pytest.raises(Unsupported, match=r"^the step of Choosing depends on values \(_local_scalar_dense\)"):
        one_step(Choosing())
