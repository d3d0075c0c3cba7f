"""Gated recurrent units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import sigmoid, tanh

from throughtime.cells.cell import Cell, PreActivations, Product, Rows


@dataclass(frozen=True)
class GRU(Cell):
    """Gated recurrent unit, reset after the product (Cho et al. 2014, arXiv:1406.1078v1), as torch has it.

        r(t) = sigmoid(W_r x(t) + U_r h(t-1))               reset gate
        z(t) = sigmoid(W_z x(t) + U_z h(t-1))               update gate
        n(t) =    tanh(W_n x(t) + r(t) * (U_n h(t-1)))      candidate
        h(t) = (1 - z(t)) * n(t) + z(t) * h(t-1)            output

    Parameters: 3 H (I + H + 2), or 3 H (I + H) without bias.
    """

    gates = ("r", "z", "n")
    observed = ("r", "z", "n")

    def step(self, wx: PreActivations, u: Product, s: Any, p: Any) -> tuple[Rows, Rows]:
        uh = u(s.h)
        r, z = sigmoid(wx.r + uh.r), sigmoid(wx.z + uh.z)
        n = p.candidate(tanh(wx.n + r * uh.n))
        return dict(h=(1 - z) * n + z * s.h), dict(r=r, z=z, n=n)


@dataclass(frozen=True)
class GRUResetBefore(Cell):
    """Gated recurrent unit, reset before the product (Cho et al. 2014, arXiv:1406.1078v3, equations 5 to 8).

        r(t) = sigmoid(W_r x(t) + U_r h(t-1))               reset gate
        z(t) = sigmoid(W_z x(t) + U_z h(t-1))               update gate
        n(t) =    tanh(W_n x(t) + U_n (r(t) * h(t-1)))      candidate
        h(t) = (1 - z(t)) * n(t) + z(t) * h(t-1)            output

    Parameters: 3 H (I + H + 2), or 3 H (I + H) without bias.
    """

    gates = ("r", "z", "n")
    observed = ("r", "z", "n")

    def step(self, wx: PreActivations, u: Product, s: Any, p: Any) -> tuple[Rows, Rows]:
        r, z = sigmoid(wx.r + u.r(s.h)), sigmoid(wx.z + u.z(s.h))
        n = p.candidate(tanh(wx.n + u.n(r * s.h)))
        return dict(h=(1 - z) * n + z * s.h), dict(r=r, z=z, n=n)
