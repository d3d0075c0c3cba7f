"""The linear recurrence by which lectures explain vanishing and exploding gradients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from throughtime.cells.cell import Cell, PreActivations, Product, Rows


@dataclass(frozen=True)
class LinearRecurrence(Cell):
    """Linear units that each feed their own output back, delayed by one step.

        h(t) = w1 * (W x(t) + w2 * h(t-1))

    With one unit and W = 1 it is the lectures' y(t) = w1 (x(t) + w2 y(t-1)): an input of tau steps ago is
    worth w1 (w1 w2)^tau now, so that signals and gradients vanish where |w1 w2| < 1 and explode where it is
    above 1.
    Parameters: H (I + 3), or H (I + 2) without bias.
    """

    gates = ("x",)
    recurrent_gates = ()

    def parameters(self, hidden_size: int) -> Mapping[str, tuple[int, ...]]:
        return {"w1": (hidden_size,), "w2": (hidden_size,)}

    def begin(self, name: str, parameter: Tensor) -> None:
        parameter.fill_(0.9)  # the lectures' decaying unit; uniform values near 0 would remember nothing

    def step(self, wx: PreActivations, u: Product, s: Any, p: Any) -> tuple[Rows, Rows]:
        return dict(h=p.w1 * (wx.x + p.w2 * s.h)), {}
