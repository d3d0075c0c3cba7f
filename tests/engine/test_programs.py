"""Programs and gradient programs compute what the equations and autograd compute."""

from __future__ import annotations

import pytest
import torch
from torch.testing import assert_close

from expressions import SINGLE, Expression, random_body
from one_step import ROWS, grads, one_step
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
