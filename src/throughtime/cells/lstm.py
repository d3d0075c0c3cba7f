"""Long short-term memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import sigmoid, tanh

from throughtime.cells.cell import Cell, PreActivations, Product, Rows


@dataclass(frozen=True)
class LSTM(Cell):
    """Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000).

        i(t) = sigmoid(W_i x(t) + U_i h(t-1))        input gate
        f(t) = sigmoid(W_f x(t) + U_f h(t-1))        forget gate
        g(t) =    tanh(W_g x(t) + U_g h(t-1))        candidate
        o(t) = sigmoid(W_o x(t) + U_o h(t-1))        output gate
        c(t) = f(t) * c(t-1) + i(t) * g(t)           memory
        h(t) = o(t) * tanh(c(t))                     output

    Each of W and U brings a bias unless the layer has none; without is the textbook form.
    Parameters: 4 H (I + H + 2), or 4 H (I + H) without bias.
    """

    gates = ("i", "f", "g", "o")
    state = ("h", "c")
    observed = ("i", "f", "g", "o")

    def step(self, wx: PreActivations, u: Product, s: Any, p: Any) -> tuple[Rows, Rows]:
        a = wx + u(s.h)
        i, f, g, o = sigmoid(a.i), sigmoid(a.f), p.candidate(tanh(a.g)), sigmoid(a.o)
        c = f * s.c + i * g
        return dict(h=o * tanh(c), c=c), dict(i=i, f=f, g=g, o=o)


@dataclass(frozen=True)
class ProjectedLSTM(Cell):
    """LSTM whose output is a projection of its memory (Sak, Senior and Beaufays 2014).

    As the LSTM, but for

        h(t) = W_hr (o(t) * tanh(c(t)))              output of width `proj_size`

    so that the recurrent products cost 4 H P instead of 4 H H.
    Parameters: 4 H (I + P + 2) + P H, or 4 H (I + P) + P H without bias.
    Raises ValueError, when a layer is made of it, unless 1 <= proj_size < hidden_size.
    """

    proj_size: int

    gates = ("i", "f", "g", "o")
    state = ("h", "c")
    observed = ("i", "f", "g", "o")

    def parameters(self, hidden_size: int) -> Mapping[str, tuple[int, ...]]:
        if not 1 <= self.proj_size < hidden_size:
            raise ValueError(
                f"proj_size must be from 1 to below hidden_size {hidden_size}; got {self.proj_size}"
            )
        return {"weight_hr": (self.proj_size, hidden_size)}

    def state_sizes(self, hidden_size: int) -> Mapping[str, int]:
        return {"h": self.proj_size, "c": hidden_size}

    def step(self, wx: PreActivations, u: Product, s: Any, p: Any) -> tuple[Rows, Rows]:
        a = wx + u(s.h)
        i, f, g, o = sigmoid(a.i), sigmoid(a.f), p.candidate(tanh(a.g)), sigmoid(a.o)
        c = f * s.c + i * g
        return dict(h=p.weight_hr(o * tanh(c)), c=c), dict(i=i, f=f, g=g, o=o)
