"""Long short-term memory with exponential gates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, exp, maximum, sigmoid, tanh
from torch.nn.functional import logsigmoid

from throughtime.cells.cell import Cell, PreActivations, Product, Rows


@dataclass(frozen=True)
class SLSTM(Cell):
    """LSTM with scalar memory and exponential gating (Beck et al. 2024, xLSTM, arXiv:2405.04517).

        a_k(t) = W_k x(t) + U_k h(t-1),  k in i, f, g, o
        m(t) = max(log sigmoid(a_f) + m(t-1), a_i)          stabiliser, -inf before the first step
        i(t) = exp(a_i - m(t))                              input gate
        f(t) = exp(log sigmoid(a_f) + m(t-1) - m(t))        forget gate
        g(t) = tanh(a_g)                                    candidate
        o(t) = sigmoid(a_o)                                 output gate
        c(t) = f(t) * c(t-1) + i(t) * g(t)                  memory
        n(t) = f(t) * n(t-1) + i(t)                         normaliser
        h(t) = o(t) * c(t) / max(n(t), 1)                   output

    From the usual start n(t) is at least 1, so that the output is o c / n as published. For first states that
    come from elsewhere the maximum keeps the quotient bounded.
    Parameters: 4 H (I + H + 2), or 4 H (I + H) without bias.
    """

    gates = ("i", "f", "g", "o")
    state = ("h", "c", "n", "m")
    observed = ("i", "f", "g", "o", "memory")

    def initial_state(self, name: str, like: Tensor) -> Tensor:
        return torch.full_like(like, -math.inf if name == "m" else 0.0)

    def step(self, wx: PreActivations, u: Product, s: Any, p: Any) -> tuple[Rows, Rows]:
        a = wx + u(s.h)
        g, o, kept = p.candidate(tanh(a.g)), sigmoid(a.o), logsigmoid(a.f) + s.m
        m = maximum(kept, a.i)
        i, f = exp(a.i - m), exp(kept - m)
        c, n = f * s.c + i * g, f * s.n + i
        memory = c / n.clamp(min=1)
        return dict(h=o * memory, c=c, n=n, m=m), dict(i=i, f=f, g=g, o=o, memory=memory)
