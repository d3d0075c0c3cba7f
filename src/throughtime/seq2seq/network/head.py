"""From the decoder's outputs to features, with each kind of attention or none."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from throughtime.layers.attention import Score, attend
from throughtime.layers.coverage import CoveredScore, attend_in_turn
from throughtime.layers.linear import PackedLinear
from throughtime.layers.special_ids import PAD_ID

AnyScore = TypeVar("AnyScore", Score, CoveredScore)

States = tuple[Tensor, ...]
"""One tensor per state of the cell, (num_layers, B, width) each.

With coverage, the sum of all attention so far (1, B, S) follows; with input feeding, the last features (1, B,
E).
"""


class Encoded(NamedTuple):
    """The encoder's results: the decoder's initial state, and all outputs for attention."""

    state: States
    memory: Tensor  # (B, S, M)
    src: Tensor  # (B, S) in the order in which it is read


class Attended(NamedTuple):
    """The encoder's outputs and their keys, which a head attends to; no positions in the plain form."""

    keys: Tensor  # (B, S, K)
    memory: Tensor  # (B, S, M)
    src: Tensor  # (B, S)

    @property
    def valid(self) -> Tensor:
        """Where the source has tokens, (B, S)."""
        return self.src != PAD_ID


class Looked(NamedTuple):
    """What a head computes from (B, T) outputs."""

    features: Tensor  # (B, T, E)
    weights: Tensor | None  # (B, T, S)
    contexts: Tensor | None  # (B, T, M)
    covered: States = ()  # with coverage: the sum of all weights so far

    def apart(self, rows: int) -> Looked:
        """Return the result for (U, R * T) outputs, R rows of each source, as (U * R, T)."""
        return Looked(
            _apart(self.features, rows),
            None if self.weights is None else _apart(self.weights, rows),
            None if self.contexts is None else _apart(self.contexts, rows),
            tuple(tensor.flatten(0, 1)[None] for tensor in self.covered),
        )


def _apart(part: Tensor, rows: int) -> Tensor:
    return part.unflatten(1, (rows, -1)).flatten(0, 1)


class LookingHead(nn.Module, Generic[AnyScore]):
    """Context and output combined: tanh(W (c, h)) (Luong et al. 2015, equation 5)."""

    def __init__(self, score: AnyScore, decoder_width: int, memory_width: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.score = score
        self.combine = PackedLinear(memory_width + decoder_width, width)

    def attended(self, encoded: Encoded) -> Attended:
        return Attended(self.score.keys(encoded.memory), encoded.memory, encoded.src)

    def combined(self, contexts: Tensor, outputs: Tensor) -> Tensor:
        return torch.tanh(self.combine(torch.cat([contexts, outputs], -1)))


class AttentionHead(LookingHead[Score]):
    """Attention of all steps at once."""

    def forward(self, outputs: Tensor, attended: Attended) -> Looked:
        contexts, weights = attend(self.score(outputs, attended.keys), attended.memory, attended.valid)
        return Looked(self.combined(contexts, outputs), weights, contexts)


class CoveringHead(LookingHead[CoveredScore]):
    """Attention that depends on earlier attention, computed step by step."""

    def forward(self, outputs: Tensor, attended: Attended, covered: Tensor) -> Looked:
        """Compute for R rows of each of U sources; outputs: (U, R * T, D), covered: (U, R, S)."""
        apart = outputs.unflatten(1, (covered.shape[1], -1))
        weights, covered = attend_in_turn(self.score, apart, attended.keys, attended.valid, covered)
        weights = weights.flatten(1, 2)
        contexts = weights @ attended.memory
        return Looked(self.combined(contexts, outputs), weights, contexts, (covered,))


class PlainHead(nn.Module):
    """The decoder's output, projected to the width of tied embeddings if that differs."""

    def __init__(self, decoder_width: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.resize = nn.Identity() if decoder_width == width else PackedLinear(decoder_width, width)

    def attended(self, encoded: Encoded) -> Attended:
        return Attended(encoded.memory[:, :0], encoded.memory[:, :0], encoded.src[:, :0])

    def forward(self, outputs: Tensor, attended: Attended) -> Looked:
        return Looked(self.resize(outputs), None, None)
