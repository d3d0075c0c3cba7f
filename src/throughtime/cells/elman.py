"""The simple recurrent network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import relu, tanh

from throughtime.cells.cell import Cell, PreActivations, Product, Rows


@dataclass(frozen=True)
class Elman(Cell):
    """Simple recurrent network (Elman 1990).

        h(t) = tanh(W x(t) + U h(t-1))

    Parameters: H (I + H + 2), or H (I + H) without bias.
    """

    gates = ("h",)

    def step(self, wx: PreActivations, u: Product, s: Any, p: Any) -> tuple[Rows, Rows]:
        a = wx + u(s.h)
        return dict(h=tanh(a.h)), {}


@dataclass(frozen=True)
class ElmanReLU(Cell):
    """Simple recurrent network with rectified units (Le, Jaitly and Hinton 2015).

        h(t) = relu(W x(t) + U h(t-1))

    Parameters: H (I + H + 2), or H (I + H) without bias.
    """

    gates = ("h",)

    def step(self, wx: PreActivations, u: Product, s: Any, p: Any) -> tuple[Rows, Rows]:
        a = wx + u(s.h)
        return dict(h=relu(a.h)), {}
