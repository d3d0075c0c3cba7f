"""Long short-term memory with one gate for writing and forgetting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import sigmoid, tanh

from throughtime.cells.cell import Cell, PreActivations, Product, Rows


@dataclass(frozen=True)
class CoupledLSTM(Cell):
    """LSTM with coupled input and forget gate, i(t) = 1 - f(t) (Greff et al. 2017, as CIFG).

        f(t) = sigmoid(W_f x(t) + U_f h(t-1))        forget gate
        g(t) =    tanh(W_g x(t) + U_g h(t-1))        candidate
        o(t) = sigmoid(W_o x(t) + U_o h(t-1))        output gate
        c(t) = f(t) * c(t-1) + (1 - f(t)) * g(t)     memory
        h(t) = o(t) * tanh(c(t))                     output

    Parameters: 3 H (I + H + 2), or 3 H (I + H) without bias.
    """

    gates = ("f", "g", "o")
    state = ("h", "c")
    observed = ("f", "g", "o")

    def step(self, wx: PreActivations, u: Product, s: Any, p: Any) -> tuple[Rows, Rows]:
        a = wx + u(s.h)
        f, g, o = sigmoid(a.f), p.candidate(tanh(a.g)), sigmoid(a.o)
        c = f * s.c + (1 - f) * g
        return dict(h=o * tanh(c), c=c), dict(f=f, g=g, o=o)
