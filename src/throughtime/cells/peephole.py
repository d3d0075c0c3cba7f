"""Long short-term memory whose gates see the memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import sigmoid, tanh

from throughtime.cells.cell import Cell, PreActivations, Product, Rows


@dataclass(frozen=True)
class PeepholeLSTM(Cell):
    """LSTM with peepholes (Gers, Schraudolph and Schmidhuber 2002), in the form of Graves (2013).

        i(t) = sigmoid(W_i x(t) + U_i h(t-1) + p_i * c(t-1))    input gate
        f(t) = sigmoid(W_f x(t) + U_f h(t-1) + p_f * c(t-1))    forget gate
        g(t) =    tanh(W_g x(t) + U_g h(t-1))                   candidate
        c(t) = f(t) * c(t-1) + i(t) * g(t)                      memory
        o(t) = sigmoid(W_o x(t) + U_o h(t-1) + p_o * c(t))      output gate
        h(t) = o(t) * tanh(c(t))                                output

    A peephole is one number a unit, `peep_i`, `peep_f` and `peep_o`: no unit sees another's memory.
    Parameters: 4 H (I + H + 2) + 3 H, or 4 H (I + H) + 3 H without bias.
    """

    gates = ("i", "f", "g", "o")
    state = ("h", "c")
    observed = ("i", "f", "g", "o")

    def parameters(self, hidden_size: int) -> Mapping[str, tuple[int, ...]]:
        return dict.fromkeys(("peep_i", "peep_f", "peep_o"), (hidden_size,))

    def step(self, wx: PreActivations, u: Product, s: Any, p: Any) -> tuple[Rows, Rows]:
        a = wx + u(s.h)
        i, f = sigmoid(a.i + p.peep_i * s.c), sigmoid(a.f + p.peep_f * s.c)
        g = p.candidate(tanh(a.g))
        c = f * s.c + i * g
        o = sigmoid(a.o + p.peep_o * c)
        return dict(h=o * tanh(c), c=c), dict(i=i, f=f, g=g, o=o)
