"""Which products the scan does for all steps at once."""

from __future__ import annotations

import pytest

from throughtime import Cell
from throughtime.engine.compiled import Compiled, compiled
from throughtime.engine.instruction import Instruction

INPUT = 3


def in_steps(code: Compiled, backwards: bool) -> list[Instruction]:
    """The products of each step, where all that can be done apart is."""
    linked = code.linked_backward(True, True) if backwards else code.linked_forward(True, (), True)
    groups = linked.code.groups[linked.code.ahead : len(linked.code.groups) - linked.code.behind]
    return [one for group in groups for one in group if one.op == "product"]


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_no_step_waits_for_the_products_of_input_and_its_gradient(cell: Cell, bias: bool) -> None:
    code = compiled(cell, 5, bias, INPUT)
    forward = code.linked_forward(True, (), True).code
    backward = code.linked_backward(True, True).code
    inputs = [k for k, one in enumerate(forward.buffers) if one.key == ("input", None)]
    assert forward.ahead and not any(
        one.operands[0].buffer in inputs for one in in_steps(code, backwards=False)
    )
    assert backward.behind and all(one.width != INPUT for one in in_steps(code, backwards=True))
