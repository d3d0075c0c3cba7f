"""From the decoder's outputs to features: what each kind of attention, or none, makes of them."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from throughtime.layers.attention import Score, attend
from throughtime.layers.linear import PackedLinear
from throughtime.layers.special_ids import PAD_ID
from throughtime.seq2seq.network.coverage import CoveredScore, attend_in_turn

AnyScore = TypeVar("AnyScore", Score, CoveredScore)

States = tuple[Tensor, ...]
"""One tensor a state of the cell, (num_layers, B, width) each; with coverage then the sum of all attention so
far (1, B, S), with input feeding then the last features (1, B, E)."""


class Encoded(NamedTuple):
    """What the encoder hands on: the state that the decoder begins with, and all outputs for attention."""

    state: States
    memory: Tensor  # (B, S, M)
    src: Tensor  # (B, S) in the order in which it was read


class Attended(NamedTuple):
    """What a head looks at: the encoder's outputs and keys made of them; no positions in the plain form."""

    keys: Tensor  # (B, S, K)
    memory: Tensor  # (B, S, M)
    src: Tensor  # (B, S)

    @property
    def valid(self) -> Tensor:
        """Where the source has tokens, (B, S)."""
        return self.src != PAD_ID


class Looked(NamedTuple):
    """What a head makes of (B, T) outputs."""

    features: Tensor  # (B, T, E)
    weights: Tensor | None  # (B, T, S)
    contexts: Tensor | None  # (B, T, M)
    covered: States = ()  # with coverage: the sum of all weights so far

    def apart(self, rows: int) -> Looked:
        """What was made of (U, R * T) outputs, R rows of each source, for (U * R, T); covered as a state."""
        return Looked(
            _apart(self.features, rows),
            None if self.weights is None else _apart(self.weights, rows),
            None if self.contexts is None else _apart(self.contexts, rows),
            tuple(one.flatten(0, 1)[None] for one in self.covered),
        )


def _apart(part: Tensor, rows: int) -> Tensor:
    return part.unflatten(1, (rows, -1)).flatten(0, 1)


class LookingHead(nn.Module, Generic[AnyScore]):
    """Context beside output: tanh(W (c, h)) (Luong et al. 2015, equation 5)."""

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
    """Attention that depends on where it has been: it goes from step to step."""

    def forward(self, outputs: Tensor, attended: Attended, covered: Tensor) -> Looked:
        """outputs: (U, R * T, D), covered: (U, R, S), for R rows that look at each of U sources."""
        apart = outputs.unflatten(1, (covered.shape[1], -1))
        weights, covered = attend_in_turn(self.score, apart, attended.keys, attended.valid, covered)
        weights = weights.flatten(1, 2)
        contexts = weights @ attended.memory
        return Looked(self.combined(contexts, outputs), weights, contexts, (covered,))


class PlainHead(nn.Module):
    """The decoder's output as it is, brought to the width of tied embeddings where that differs."""

    def __init__(self, decoder_width: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.resize = nn.Identity() if decoder_width == width else PackedLinear(decoder_width, width)

    def attended(self, encoded: Encoded) -> Attended:
        return Attended(encoded.memory[:, :0], encoded.memory[:, :0], encoded.src[:, :0])

    def forward(self, outputs: Tensor, attended: Attended) -> Looked:
        return Looked(self.resize(outputs), None, None)
