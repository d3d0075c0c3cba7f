"""Units that each see their own past alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, relu

from throughtime.cells.cell import Cell, PreActivations, Product, Rows


@dataclass(frozen=True)
class IndRNN(Cell):
    """Independently recurrent network with rectified units (Li et al. 2018, arXiv:1803.04831).

        h(t) = relu(W x(t) + u * h(t-1))

    `u` is one number a unit: no unit sees another's past, and what mixes them is the W of the layer above.
    It begins uniform in (0, 1).
    Parameters: H (I + 2), or H (I + 1) without bias.
    """

    gates = ("h",)
    recurrent_gates = ()

    def parameters(self, hidden_size: int) -> Mapping[str, tuple[int, ...]]:
        return {"u": (hidden_size,)}

    def begin(self, name: str, parameter: Tensor) -> None:
        parameter.uniform_(0, 1)  # memories from none to long; at 2^(1/T) a gradient doubles within T steps

    def step(self, wx: PreActivations, u: Product, s: Any, p: Any) -> tuple[Rows, Rows]:
        return dict(h=relu(wx.h + p.u * s.h)), {}
