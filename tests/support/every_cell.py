"""Every cell that the tests try: the registry's, some as a user would write them in a notebook, and modified
ones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import torch
from torch import exp, maximum, sigmoid, tanh
from torch.nn.functional import layer_norm, logsigmoid

from throughtime import Cell
from throughtime.cells import (
    CELLS,
    GRU,
    LSTM,
    GRUResetBefore,
    MinimalGatedUnit,
    ProjectedLSTM,
    RecurrentDropout,
    VariationalDropout,
    WeightDrop,
    Zoneout,
)


class MinimalGated(Cell):
    """Minimal gated unit (Zhou et al. 2016): a product of gated output in the middle of the step."""

    gates = ("f", "n")
    observed = ("f",)

    def step(self, wx, u, s, p):
        f = sigmoid(wx.f + u.f(s.h))
        n = tanh(wx.n + u.n(f * s.h))
        return dict(h=(1 - f) * s.h + f * n), dict(f=f)


class PeepholeLSTM(Cell):
    """LSTM whose gates see the memory (Gers, Schraudolph and Schmidhuber 2002)."""

    gates = ("i", "f", "g", "o")
    state = ("h", "c")

    def parameters(self, hidden_size):
        return {name: (hidden_size,) for name in ("peep_i", "peep_f", "peep_o")}

    def step(self, wx, u, s, p):
        a = wx + u(s.h)
        i, f = sigmoid(a.i + p.peep_i * s.c), sigmoid(a.f + p.peep_f * s.c)
        c = f * s.c + i * tanh(a.g)
        return dict(h=sigmoid(a.o + p.peep_o * c) * tanh(c), c=c), {}


class LayerNormLSTM(Cell):
    """LSTM with layer normalisation of both products and of the memory (Ba, Kiros and Hinton 2016)."""

    gates = ("i", "f", "g", "o")
    state = ("h", "c")

    def parameters(self, hidden_size):
        row, one = (4 * hidden_size,), (hidden_size,)
        return {"gain_x": row, "gain_h": row, "gain_c": one, "shift_c": one}

    def begin(self, name, parameter):
        parameter.fill_(0 if name == "shift_c" else 1)

    def step(self, wx, u, s, p):
        a = wx.map(_normalised(p.gain_x)) + u(s.h).map(_normalised(p.gain_h))
        c = sigmoid(a.f) * s.c + sigmoid(a.i) * tanh(a.g)
        return dict(h=sigmoid(a.o) * tanh(_normalised(p.gain_c, p.shift_c)(c)), c=c), {}


class StabilisedLSTM(Cell):
    """sLSTM (Beck et al. 2024): exponential gates, finite by the running maximum m of their exponents."""

    gates = ("i", "f", "z", "o")
    state = ("h", "c", "n", "m")

    def initial_state(self, name, like):
        return torch.full_like(like, -math.inf if name == "m" else 0.0)

    def step(self, wx, u, s, p):
        a = wx + u(s.h)
        kept = logsigmoid(a.f) + s.m
        m = maximum(kept, a.i)
        f, i = exp(kept - m), exp(a.i - m)
        c, n = f * s.c + i * tanh(a.z), f * s.n + i
        return dict(h=sigmoid(a.o) * c / n, c=c, n=n, m=m), {}


class InputGated(Cell):
    """A cell whose update gate sees the input alone: one of its two gates is recurrent."""

    gates = ("z", "n")
    recurrent_gates = ("n",)

    def step(self, wx, u, s, p):
        z, n = sigmoid(wx.z), tanh(wx.n + u.n(s.h))
        return dict(h=(1 - z) * n + z * s.h), dict(z=z)


@dataclass(frozen=True)
class LeakyElman(Cell):
    """Leaky units with a constant of the equations as a field, here with a default."""

    rate: float = 0.25
    gates = ("h",)

    def step(self, wx, u, s, p):
        return dict(h=(1 - self.rate) * s.h + self.rate * tanh((wx + u(s.h)).h)), {}


def _normalised(gain, shift=None):
    return partial(layer_norm, normalized_shape=gain.shape, weight=gain, bias=shift)


BUILT_IN = [ProjectedLSTM(2) if kind is ProjectedLSTM else kind() for kind in CELLS.values()]
USERS = [MinimalGated(), PeepholeLSTM(), LayerNormLSTM(), StabilisedLSTM(), InputGated(), LeakyElman()]
MODIFIED = [
    Zoneout(LSTM(), 0.3, 0.6),
    Zoneout(StabilisedLSTM(), 0.5),
    RecurrentDropout(GRU(), 0.4),
    RecurrentDropout(MinimalGatedUnit(), 0.4, each_step=False),
    VariationalDropout(GRUResetBefore(), 0.4, 0.2),
    Zoneout(RecurrentDropout(VariationalDropout(ProjectedLSTM(2), 0.2), 0.4), 0.3),
    WeightDrop(LSTM(), 0.5),
    Zoneout(WeightDrop(RecurrentDropout(GRUResetBefore(), 0.3), 0.4), 0.2),
    WeightDrop(VariationalDropout(InputGated(), 0.2, 0.2), 0.4),
]
