"""A recurrent network that predicts the next unit."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from throughtime.application.recurrence import RecurrenceConfig
from throughtime.language.config import VectorsConfig
from throughtime.layers.forms import State
from throughtime.layers.output import ChunkedOutput


class LanguageModel(nn.Module):
    """log p(w(t) | w(1) ... w(t-1)) = log softmax(W h(t) + b),  h = recurrence(E[w(t-1)]).

    Tied, W is E, and h is projected to its width where it is another.
    """

    def __init__(self, config: RecurrenceConfig, vectors: VectorsConfig, vocab_size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, vectors.embedding_size)
        self.recurrence = config.build(vectors.embedding_size)
        self.dropout = nn.Dropout(config.dropout)
        width, projects = self.recurrence.output_size, nn.Identity()
        if vectors.tie and width != vectors.embedding_size:
            projects, width = nn.Linear(width, vectors.embedding_size), vectors.embedding_size
        self.projection, self.output = projects, ChunkedOutput(width, vocab_size)
        if vectors.tie:
            self.output.weight = self.embedding.weight
            nn.init.normal_(self.embedding.weight, std=vectors.embedding_size**-0.5)

    def forward(
        self, units: Tensor, state: State | None, lengths: Tensor | None, targets: Tensor
    ) -> tuple[Tensor, State]:
        """Return the loss of the targets (T, B) behind the units (T, B), summed in nats, and the state."""
        features, state = self.features(units, state, lengths)
        if lengths is not None:
            valid = torch.arange(len(units)).to(units.device)[:, None] < lengths.to(units.device)
            features, targets = features[valid], targets[valid]
        return self.output.loss(features.flatten(0, -2), targets.flatten(), 0.0), state

    def features(
        self, units: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Return what the output layer reads, (T, B, width), and the state after the last step."""
        seen = self.dropout(self.embedding(units))
        read, after = self.recurrence(seen, state, lengths=lengths)
        return self.projection(self.dropout(read)), after
