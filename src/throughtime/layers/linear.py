"""A linear layer whose weights are packed once while no gradients are needed."""

from __future__ import annotations

from torch import Tensor, nn

from throughtime.engine.native import computes
from throughtime.engine.packed_products import linear
from throughtime.layers.inference import nothing_watches


class PackedLinear(nn.Linear):
    """y = x W' + b; x: (..., in_features). By the engine without gradients on the CPU, else by torch."""

    def forward(self, input: Tensor) -> Tensor:
        if nothing_watches(input) and computes(input, self.weight):
            return linear(input, self.weight, self.bias)
        return super().forward(input)
