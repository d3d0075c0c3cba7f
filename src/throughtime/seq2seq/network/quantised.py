"""Layers with 8-bit integer weights: smaller, and faster on processors with products of such numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from throughtime.engine.native import native
from throughtime.engine.packed_products import best_of_sums
from throughtime.errors import InputError
from throughtime.layers.linear import PackedLinear
from throughtime.layers.output import FullOutput
from throughtime.layers.ranking import Ranked, ranked
from throughtime.layers.special_ids import BOS_ID, EOS_ID, PAD_ID
from throughtime.seq2seq.network.model import Translator

LARGEST = 127
DEEPEST = 2**31 // LARGEST**2
"""Number of products of two such numbers that is sure to fit into a 32-bit sum."""

_product = cast(Callable[[Tensor, Tensor], Tensor], torch._int_mm)  # pyright: ignore
"""(N, K) times (K, M), int8, to int32."""


class Whole(NamedTuple):
    """A matrix by rows: numbers[r] scales[r] is row r, to half a scale."""

    numbers: Tensor  # int8
    scales: Tensor


def whole(matrix: Tensor) -> Whole:
    """Round each row to integers from -127 to 127, scaled by its largest; the scale keeps a NaN."""
    scales = matrix.abs().amax(1) / LARGEST
    steps = matrix / scales.clamp(min=torch.finfo(matrix.dtype).tiny).unsqueeze(1)
    return Whole(steps.round().nan_to_num(0.0, 0.0, 0.0).to(torch.int8), scales)


class QuantisedLinear(nn.Module):
    """y = x W' + b with W in 8 bits by row, and x quantised by row at each call; x: (..., in_features)."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        if layer.in_features > DEEPEST:
            raise InputError(f"a layer takes {layer.in_features:,} numbers; int8 has room for {DEEPEST:,}")
        weight = whole(layer.weight.detach())
        self.register_buffer("numbers", weight.numbers.T.contiguous())
        self.register_buffer("scales", weight.scales)
        self.register_buffer("bias", None if layer.bias is None else layer.bias.detach().clone())  # pyright: ignore[reportUnnecessaryComparison]
        self.numbers: Tensor
        self.scales: Tensor
        self.bias: Tensor | None

    def forward(self, input: Tensor) -> Tensor:
        rows = whole(input.reshape(-1, input.shape[-1]))
        scores = self.sums(rows) * (rows.scales.unsqueeze(1) * self.scales)
        scores = scores if self.bias is None else scores + self.bias
        return scores.view(*input.shape[:-1], len(self.scales))

    def sums(self, rows: Whole) -> Tensor:
        """Return products of integers, (N, out_features) int32."""
        if len(rows.numbers) == 0:
            return rows.numbers.new_empty(0, self.numbers.shape[1], dtype=torch.int32)
        return _product(rows.numbers, self.numbers)


class QuantisedOutput(QuantisedLinear):
    """The scores of words by a quantised layer; for search, not for training."""

    def log_probabilities(self, features: Tensor) -> Tensor:
        return self(features).log_softmax(-1)

    def best(self, features: Tensor, count: int) -> Ranked:
        if native is None or features.device.type != "cpu":
            return ranked(self.log_probabilities(features), count)
        rows, count = whole(features), min(count, len(self.scales))
        scales, barred = self.scales.to(rows.scales.dtype), (PAD_ID, BOS_ID)
        return Ranked(*best_of_sums(self.sums(rows), rows.scales, scales, self.bias, count, EOS_ID, barred))


@torch.no_grad()
def quantise(model: Translator) -> Translator:
    """Convert the output layer, the attention's projections and the bridge to 8 bits, in place.

    The recurrent layers and the embeddings stay as they are.

    Raises InputError for output adaptive.
    """
    if not isinstance(model.output, FullOutput):
        raise InputError("the model's output is adaptive; int8 supports only layers over all words")
    model.set_submodule("output", QuantisedOutput(model.output))
    for name, layer in list(model.named_modules()):
        if isinstance(layer, PackedLinear):
            model.set_submodule(name, QuantisedLinear(layer))
    return model
