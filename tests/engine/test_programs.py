"""Programs and gradient programs compute what the equations and autograd compute."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional
from torch.testing import assert_close

from expressions import Expression, random_body
from one_step import HIDDEN, ROWS, grads, one_step
from throughtime import Cell


def check(cell: Cell, bias: bool = True) -> None:
    step = one_step(cell, bias)
    new, seen = cell.bind(step.weights)(step.wx, step.state)
    for name, value in step.outputs().items():
        assert_close(value, {**seen, **new}[name])
    seeds = {name: torch.randn_like(value) for name, value in new.items()}
    inputs = [step.wx, *step.state.values(), *step.weights.values()]
    expected = grads(list(new.values()), inputs, list(seeds.values()))
    for ours, theirs in zip(step.gradients(seeds), expected, strict=True):
        assert_close(ours, theirs)


@pytest.mark.parametrize("bias", [True, False])
def test_every_cell(cell: Cell, bias: bool) -> None:
    check(cell, bias)


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
    "layer norm": lambda a, c, p: functional.layer_norm(a, (HIDDEN,), p.gain) + a.mean(-1, keepdim=True),
    "softmax": lambda a, c, p: a.softmax(-1) * c,
    "largest": lambda a, c, p: a.amax(-1, keepdim=True) * c,
    "sums": lambda a, c, p: (a * c).sum(-1, keepdim=True) * a + c.sum(-1, keepdim=True),
    "ones": lambda a, c, p: a + torch.ones_like(c).sum(-1, keepdim=True) + torch.full_like(c, 2) * c,
    "cut and join": lambda a, c, p: torch.cat([a[:, 3:], c[:, 1:4]], 1) + torch.cat(c.chunk(2, -1)[::-1], 1),
    "overlap": lambda a, c, p: torch.cat([a[:, :4] * a[:, 2:], c[:, ::1][:, 4:]], 1),
    "constant of its own": lambda a, c, p: a * torch.linspace(0, 1, HIDDEN, dtype=a.dtype),
    "number of its own": lambda a, c, p: a * torch.tensor(0.25, dtype=a.dtype) + math.pi,
    "a value not used": lambda a, c, p: (torch.exp(c), a)[1],
    "c alone": lambda a, c, p: c,
}


@pytest.mark.parametrize("name", SINGLE)
def test_every_operation(name: str) -> None:
    check(Expression(SINGLE[name]))


@pytest.mark.parametrize("seed", range(60))
def test_random_expressions(seed: int) -> None:
    check(Expression(random_body(seed)))


def test_what_is_the_same_is_made_once() -> None:
    step = one_step(Expression(lambda a, c, p: torch.sigmoid(a) * c + torch.sigmoid(a + 0) * 1 - 0))
    made = [node.op for node in step.traced.program.nodes()]
    assert made.count("sigmoid") == 1
    assert made.count("mul") == 1


def test_numbers_are_worked_out_at_once() -> None:
    step = one_step(Expression(lambda a, c, p: a * (torch.ones_like(a) * 3 - 1) / 2))
    assert [node.op for node in step.traced.program.nodes() if node.op in ("sub", "mul", "div")] == [
        "mul",
        "div",
    ]


def test_rows_do_not_mix() -> None:
    step = one_step(Expression(SINGLE["layer norm"]))
    leaves = step.leaves()
    assert all(len(value) in (1, ROWS) for (op, _), value in leaves.items() if op != "matrix")
