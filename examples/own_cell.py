"""A cell of your own is written as its equations."""

import torch
from torch import sigmoid, tanh

from throughtime import Cell, Recurrent


class MinimalGatedUnit(Cell):
    """f = sigmoid(W_f x + U_f h), n = tanh(W_n x + U_n (f * h)), h = (1 - f) h + f n (Zhou et al. 2016)."""

    gates = ("f", "n")

    def step(self, wx, u, s, p):
        f = sigmoid(wx.f + u.f(s.h))
        n = tanh(wx.n + u.n(f * s.h))
        return dict(h=(1 - f) * s.h + f * n), dict(f=f, n=n)


layer = Recurrent(MinimalGatedUnit, input_size=16, hidden_size=32, num_layers=2, bidirectional=True)
output, h = layer(torch.randn(10, 3, 16), lengths=[10, 7, 4])
output.sum().backward()
print(layer)
print(output.shape, h.shape, layer.weight_hh_l0.grad.norm())
