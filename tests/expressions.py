"""Cells whose step is any expression, also one drawn by chance."""

from __future__ import annotations

import random
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from throughtime import Cell


class Expression(Cell):
    """One gate, two states, and whatever the test puts into its step."""

    gates = ("a",)
    state = ("h", "c")

    def __init__(self, body: Callable[..., Tensor]) -> None:
        object.__setattr__(self, "body", body)

    def parameters(self, hidden_size):
        return {"gain": (hidden_size,), "mixing": (hidden_size, hidden_size)}

    def step(self, wx, u, s, p):
        a = (wx + u(s.h)).a
        return dict(h=self.body(a, s.c, p), c=torch.tanh(s.c + a)), {}


UNARY = (torch.sigmoid, torch.tanh, torch.relu, torch.abs, functional.softplus, torch.neg, torch.square)
BINARY = (torch.add, torch.sub, torch.mul, torch.maximum, torch.minimum)


def random_body(seed: int) -> Callable[..., Tensor]:
    """A random expression of a dozen operations on what a step sees."""

    def body(a: Tensor, c: Tensor, p: object) -> Tensor:
        draw = random.Random(seed)
        values = [a, c, p.gain * a, a - c]  # pyright: ignore[reportAttributeAccessIssue]
        for _ in range(draw.randint(2, 12)):
            match draw.randrange(6):
                case 0 | 1:
                    values.append(draw.choice(UNARY)(draw.choice(values)))
                case 2 | 3:
                    values.append(draw.choice(BINARY)(draw.choice(values), draw.choice(values)))
                case 4:
                    values.append(draw.choice(values) * draw.choice(values).mean(-1, keepdim=True))
                case _:
                    values.append(torch.cat(draw.choice(values).chunk(2, -1)[::-1], -1))
        return torch.tanh(values[-1] + values[-2])

    return body
