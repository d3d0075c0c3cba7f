"""What is saved for backward is the least that suffices."""

from __future__ import annotations

import pytest

from one_step import HIDDEN, one_step
from throughtime import Cell
from throughtime.cells import GRU, LSTM, Elman, GRUResetBefore
from throughtime.engine.node import Node
from throughtime.engine.program import needed
from throughtime.engine.saved_values import saved
from throughtime.engine.show import Notation


def names(cell: Cell) -> list[str]:
    step = one_step(cell)
    notation = Notation(step.traced, step.gradient)
    return [notation.term(node)[0] for node in saved(step.traced.program, step.gradient)]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (Elman(), ["h(t-1)", "h"]),
        (LSTM(), ["h(t-1)", "c(t-1)", "i", "f", "g", "o"]),
        (GRU(), ["h(t-1)", "r", "z", "v1.n", "n"]),
        (GRUResetBefore(), ["h(t-1)", "r", "z", "n"]),
    ],
)
def test_the_textbook_choice(cell: Cell, expected: list[str]) -> None:
    assert names(cell) == expected


def test_all_that_is_needed_can_be_made_of_what_is_kept(cell: Cell) -> None:
    step = one_step(cell)
    between = {node.number for node in saved(step.traced.program, step.gradient)}

    def made_of(node: Node) -> None:
        if node.number in between or node.op in ("constant", "fixed", "d_state", "d_output"):
            return
        assert node.inputs, f"{node.op} {node.attribute} is needed and not kept"
        assert node.op != "product", "a product would be made twice"
        for one in node.inputs:
            made_of(one)

    for end in step.gradient.ends():
        made_of(end)


def test_no_kept_value_is_idle(cell: Cell) -> None:
    step = one_step(cell)
    back = {node.number for node in needed(step.gradient.ends())}
    between = saved(step.traced.program, step.gradient)
    assert all(node.number in back for node in between)
    assert sum(node.width for node in between) <= 12 * HIDDEN
