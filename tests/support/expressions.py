"""Cells whose step is any expression, also one drawn by chance."""

from __future__ import annotations

import math
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


SINGLE = {
    "neg": lambda a, c, p: -a,
    "abs": lambda a, c, p: a.abs(),
    "relu": lambda a, c, p: torch.relu(a),
    "exp": lambda a, c, p: torch.exp(a),
    "expm1": lambda a, c, p: torch.expm1(a),
    "log": lambda a, c, p: torch.log(a.abs() + 1),
    "log1p": lambda a, c, p: torch.log1p(a * a),
    "sqrt": lambda a, c, p: torch.sqrt(a * a + 0.5),
    "rsqrt": lambda a, c, p: torch.rsqrt(a * a + 0.5),
    "reciprocal": lambda a, c, p: torch.reciprocal(a * a + 1),
    "power": lambda a, c, p: a**2 + a**3 + (a * a + 1) ** 0.5 + (a * a + 1) ** -1,
    "silu": lambda a, c, p: functional.silu(a),
    "softplus": lambda a, c, p: functional.softplus(a) + functional.softplus(30 * a),
    "logsigmoid": lambda a, c, p: functional.logsigmoid(a),
    "hardsigmoid": lambda a, c, p: functional.hardsigmoid(4 * a),
    "hardtanh": lambda a, c, p: functional.hardtanh(a),
    "clamp": lambda a, c, p: a.clamp(-0.5, 0.5) + c.clamp(min=0) + a.clamp_max(0.1),
    "maximum": lambda a, c, p: torch.maximum(a, c) - torch.minimum(a, 0.5 * c),
    "maximum of equals": lambda a, c, p: torch.maximum(a, a * 1.0) + torch.minimum(c, 1 * c),
    "where": lambda a, c, p: torch.where(a > c, a, 0.0) + torch.where(a < 0.2, 1.0, c * a),
    "lerp": lambda a, c, p: torch.lerp(a, c, torch.sigmoid(a)) + torch.lerp(a, c, 0.3),
    "division": lambda a, c, p: a / (c * c + 1) + 2 / (a * a + 1) - c / 3,
    "alpha": lambda a, c, p: torch.add(a, c, alpha=2) - torch.sub(a, c, alpha=3),
    "vectors": lambda a, c, p: p.gain.exp() * a + c / (p.gain**2 + 1),
    "matrix": lambda a, c, p: p.mixing(a * c) + p.mixing(c),
    "layer norm": lambda a, c, p: functional.layer_norm(a, (a.shape[1],), p.gain) + a.mean(-1, keepdim=True),
    "softmax": lambda a, c, p: a.softmax(-1) * c,
    "largest": lambda a, c, p: a.amax(-1, keepdim=True) * c,
    "sums": lambda a, c, p: (a * c).sum(-1, keepdim=True) * a + c.sum(-1, keepdim=True),
    "ones": lambda a, c, p: a + torch.ones_like(c).sum(-1, keepdim=True) + torch.full_like(c, 2) * c,
    "cut and join": lambda a, c, p: torch.cat([a[:, 3:], c[:, 1:4]], 1) + torch.cat(c.chunk(2, -1)[::-1], 1),
    "overlap": lambda a, c, p: torch.cat([a[:, :-2] * a[:, 2:], c[:, ::1][:, -2:]], 1),
    "constant of its own": lambda a, c, p: a * torch.linspace(0, 1, a.shape[1], dtype=a.dtype),
    "number of its own": lambda a, c, p: a * torch.tensor(0.25, dtype=a.dtype) + math.pi,
    "a value not used": lambda a, c, p: (torch.exp(c), a)[1],
    "c alone": lambda a, c, p: c,
    "gelu": lambda a, c, p: functional.gelu(a) + functional.gelu(c, approximate="tanh"),
    "mish": lambda a, c, p: functional.mish(a),
    "softsign": lambda a, c, p: functional.softsign(a),
    "elu": lambda a, c, p: functional.elu(a) + functional.elu(c, 0.5),
    "selu": lambda a, c, p: functional.selu(a) + functional.celu(c, 0.5),
    "leaky relu": lambda a, c, p: functional.leaky_relu(a) + functional.leaky_relu(c, 0.3),
    "prelu": lambda a, c, p: functional.prelu(a, p.gain) + functional.prelu(c, p.gain[:1]),
    "relu6": lambda a, c, p: functional.relu6(4 * a) * functional.hardswish(3 * c),
    "tanhshrink": lambda a, c, p: functional.tanhshrink(a),
    "shrink": lambda a, c, p: functional.softshrink(a, 0.3) + functional.hardshrink(c, 0.4),
    "threshold": lambda a, c, p: functional.threshold(a, 0.1, 0.2),
    "glu": lambda a, c, p: functional.glu(torch.cat([a, c], -1)),
    "erf": lambda a, c, p: torch.erf(a) + torch.erf(3 * c),
    "sine": lambda a, c, p: torch.sin(a) * torch.cos(5 * c) + torch.tan(0.3 * a),
    "bases": lambda a, c, p: a.exp2() + (a * a + 1).log2() + (c * c + 1).log10(),
    "powers": lambda a, c, p: (a.abs() + 0.5) ** 1.7 + a**5 + (c * c + 1) ** -2.5 + (a.abs() + 1) ** -3,
    "powers of rows": lambda a, c, p: (a.abs() + 0.5) ** c + 2**a + (c.abs() + 0.1) ** p.gain,
    "clamp by rows": lambda a, c, p: a.clamp(c - 0.5, c + 0.5) + c.clamp(min=p.gain).clamp_max(a),
    "hypotenuse": lambda a, c, p: torch.addcmul(a, c, c, value=0.5) + torch.addcdiv(a, c, a * a + 1),
    "comparisons": lambda a, c, p: a * (a >= c) + c * (a <= 0.1) + (a != c) * p.gain + (c == a).to(a.dtype),
    "logic": lambda a, c, p: torch.where((a > 0) & (c > 0) | ~(a < 0.3), a, c) * ((a > 0) ^ (c > 0)).float(),
    "logical": lambda a, c, p: a * torch.logical_or(a > 1, torch.logical_not(c > 0)) + c * a.isnan(),
    "masked fill": lambda a, c, p: a.masked_fill(c > 0, 0.5),
    "log softmax": lambda a, c, p: a.log_softmax(-1) * c + functional.softmin(a, -1),
    "logsumexp": lambda a, c, p: a.logsumexp(-1, keepdim=True) * c + c.logsumexp(1)[:, None],
    "rms norm": lambda a, c, p: functional.rms_norm(a, (a.shape[1],), p.gain),
    "group norm": lambda a, c, p: functional.group_norm(torch.cat([a, c], 1), 2).chunk(2, 1)[0] * c,
    "group norm of parameters": lambda a, c, p: functional.group_norm(a, 1, p.gain, p.gain),
    "norms": lambda a, c, p: a * torch.linalg.vector_norm(c, dim=-1, keepdim=True) + c.norm(1, -1)[:, None],
    "largest norm": lambda a, c, p: a / (1 + torch.linalg.vector_norm(c, float("inf"), dim=1, keepdim=True)),
    "normalize": lambda a, c, p: functional.normalize(a, dim=-1) + functional.normalize(c, 1.0),
    "variance": lambda a, c, p: a * c.var(-1, keepdim=True) + a.std(1, correction=0)[..., None],
    "variance and mean": lambda a, c, p: sum(torch.var_mean(a, -1, keepdim=True)) * c,
    "running sum": lambda a, c, p: a.softmax(-1).cumsum(-1) * c,
    "running sum of one": lambda a, c, p: c.mean(-1, keepdim=True).expand_as(c).cumsum(-1) * a,
    "smallest": lambda a, c, p: a.amin(-1, keepdim=True) * c + a.min(-1, keepdim=True).values,
    "largest and its place": lambda a, c, p: a.max(-1)[0].unsqueeze(-1) * c + torch.max(a, c),
    "without keepdim": lambda a, c, p: a.sum(1)[:, None] * c + c.mean(-1).unsqueeze(1) * a,
    "flip and roll": lambda a, c, p: a.flip(-1) * c.roll(2, -1) + a.roll((1,), (1,)),
    "stack": lambda a, c, p: torch.stack([a, c, a * c], 1).sum(1) + torch.stack([a, c], -1).mean(-1),
    "stack and choose": lambda a, c, p: torch.stack([a, c], 1)[:, 1] * torch.stack([a, c], 1).unbind(1)[0],
    "narrow": lambda a, c, p: torch.cat([a.narrow(1, 1, a.shape[1] - 1), c.select(1, 0)[:, None]], 1),
    "columns of rows": lambda a, c, p: (
        torch.cat([a[:, :1], a[:, 1::2], c[:, 2::2]], 1)[:, :1] * c + a[:, -1:]
    ),
    "heads": lambda a, c, p: (
        torch.cat([a, c], 1).view(-1, 2, a.shape[1]).softmax(-1) * c.unsqueeze(1) * c.mean(1)[:, None, None]
    ).sum(1),
    "repeat": lambda a, c, p: torch.cat([a, c], 1).unflatten(1, (2, -1)).flatten(1)[:, ::2] * a.repeat(1, 1),
    "products with matrices": lambda a, c, p: (
        a @ torch.outer(p.gain, p.gain) + torch.outer(p.gain, p.gain).mT.matmul(p.gain) * c
    ),
    "vector": lambda a, c, p: (a @ p.gain)[:, None] * c,
    "diagonal": lambda a, c, p: a * torch.diag(p.gain).sum(0) + a @ torch.diag(p.gain).T,
    "parameters of two dimensions": lambda a, c, p: a * p.gain[None] + c * p.gain.view(1, -1) ** 2,
    "detached": lambda a, c, p: a.detach() * c + a * c.detach().mean(-1, keepdim=True),
    "in place on its own": lambda a, c, p: (a * 2).mul_(c).add_(p.gain),
    "integers of its own": lambda a, c, p: a * torch.arange(a.shape[1]) + c / torch.tensor(3),
    "filled": lambda a, c, p: a + c.new_zeros(c.shape) + c.new_full((c.shape[0], 1), 2.0) * c,
}
"""Bodies of a step, by what they try, each with a gradient at almost every place."""
