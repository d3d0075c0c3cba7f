"""Attention of each decoder output over all encoder outputs (Luong, Pham and Manning 2015, section 3.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from throughtime.layers.additive import additive_scores
from throughtime.layers.linear import PackedLinear


class Dot(nn.Module):
    """score(h, m) = h . m; requires a decoder as wide as the encoder's output."""

    def __init__(self, decoder_width: int, memory_width: int) -> None:
        super().__init__()
        if decoder_width != memory_width:
            raise ValueError(
                "dot attention needs a decoder as wide as the encoder's output; "
                f"got {decoder_width} and {memory_width}; general and mlp take any widths"
            )

    def keys(self, memory: Tensor) -> Tensor:
        return memory

    def forward(self, outputs: Tensor, keys: Tensor) -> Tensor:
        return outputs @ keys.mT


class General(nn.Module):
    """score(h, m) = h . (W m)."""

    def __init__(self, decoder_width: int, memory_width: int) -> None:
        super().__init__()
        self.keys = PackedLinear(memory_width, decoder_width, bias=False)

    def forward(self, outputs: Tensor, keys: Tensor) -> Tensor:
        return outputs @ keys.mT


class Perceptron(nn.Module):
    """score(h, m) = v . tanh(W h + U m), as in Bahdanau, Cho and Bengio (2015) but after the recurrence."""

    def __init__(self, decoder_width: int, memory_width: int) -> None:
        super().__init__()
        self.keys = PackedLinear(memory_width, decoder_width)
        self.query = PackedLinear(decoder_width, decoder_width, bias=False)
        self.energy = nn.Linear(decoder_width, 1, bias=False)

    def forward(self, outputs: Tensor, keys: Tensor) -> Tensor:
        return additive_scores(self.query(outputs), keys, self.energy.weight[0])


Score = Dot | General | Perceptron

SCORES: Mapping[str, Callable[[int, int], Score]] = {
    "dot": Dot,
    "general": General,
    "mlp": Perceptron,
}


def attend(scores: Tensor, memory: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """Return contexts (B, T, M) and weights (B, T, S).

    The weights are the softmax of the scores over valid positions; the contexts are the mean of memory under
    them. scores: (B, T, S); memory: (B, S, M); valid: (B, S).
    """
    weights = softmax_over(scores, valid)
    return weights @ memory, weights


def softmax_over(scores: Tensor, valid: Tensor) -> Tensor:
    """Return the softmax of scores (B, T, S) over valid positions (B, S); exactly 0 elsewhere."""
    return scores.masked_fill(~valid[:, None], -torch.inf).softmax(-1)
