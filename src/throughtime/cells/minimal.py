"""The gated unit with a single gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import sigmoid, tanh

from throughtime.cells.cell import Cell, PreActivations, Product, Rows


@dataclass(frozen=True)
class MinimalGatedUnit(Cell):
    """Minimal gated unit (Zhou et al. 2016): one gate resets the past and updates the output.

        f(t) = sigmoid(W_f x(t) + U_f h(t-1))               forget gate
        n(t) =    tanh(W_n x(t) + U_n (f(t) * h(t-1)))      candidate
        h(t) = (1 - f(t)) * h(t-1) + f(t) * n(t)            output

    Parameters: 2 H (I + H + 2), or 2 H (I + H) without bias.
    """

    gates = ("f", "n")
    observed = ("f", "n")

    def step(self, wx: PreActivations, u: Product, s: Any, p: Any) -> tuple[Rows, Rows]:
        f = sigmoid(wx.f + u.f(s.h))
        n = p.candidate(tanh(wx.n + u.n(f * s.h)))
        return dict(h=(1 - f) * s.h + f * n), dict(f=f, n=n)
