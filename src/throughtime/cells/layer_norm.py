"""Long short-term memory with layer normalisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, sigmoid, tanh
from torch.nn.functional import layer_norm

from throughtime.cells.cell import Cell, PreActivations, Product, Rows


@dataclass(frozen=True)
class LayerNormLSTM(Cell):
    """LSTM with layer normalisation of both products and of the memory (Ba, Kiros and Hinton 2016).

        a(t) = gain_x * norm(W x(t)) + gain_h * norm(U h(t-1))      all four gates at once
        i(t), f(t), g(t), o(t) = sigmoid(a_i), sigmoid(a_f), tanh(a_g), sigmoid(a_o)
        c(t) = f(t) * c(t-1) + i(t) * g(t)                          memory
        h(t) = o(t) * tanh(gain_c * norm(c(t)) + shift_c)           output

    norm(v) = (v - mean(v)) / sqrt(variance(v) + 1e-5) over the numbers of one row: 4 H of a product, H of the
    memory. The biases are part of the products and are normalised with them. Gains begin at 1, shift_c at 0.
    Parameters: 4 H (I + H + 2) + 10 H, or 4 H (I + H) + 10 H without bias.
    """

    gates = ("i", "f", "g", "o")
    state = ("h", "c")
    observed = ("i", "f", "g", "o")

    def parameters(self, hidden_size: int) -> Mapping[str, tuple[int, ...]]:
        rows, state = (len(self.gates) * hidden_size,), (hidden_size,)
        return {"gain_x": rows, "gain_h": rows, "gain_c": state, "shift_c": state}

    def begin(self, name: str, parameter: Tensor) -> None:
        parameter.fill_(0 if name == "shift_c" else 1)

    def step(self, wx: PreActivations, u: Product, s: Any, p: Any) -> tuple[Rows, Rows]:
        a = wx.map(lambda rows: _norm(rows, p.gain_x)) + u(s.h).map(lambda rows: _norm(rows, p.gain_h))
        i, f, g, o = sigmoid(a.i), sigmoid(a.f), p.candidate(tanh(a.g)), sigmoid(a.o)
        c = f * s.c + i * g
        return dict(h=o * tanh(_norm(c, p.gain_c, p.shift_c)), c=c), dict(i=i, f=f, g=g, o=o)


def _norm(rows: Tensor, gain: Tensor, shift: Tensor | None = None) -> Tensor:
    return layer_norm(rows, gain.shape, gain, shift)
