"""A recurrence that reads a text and says what it is."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from throughtime.cells import cell_named
from throughtime.layers import Recurrent
from throughtime.words.classify.config import NetworkConfig

PAD_ID = 0
"""The id of what stands behind the end of a shorter text; its vector is zero and stays so."""


class Texts(NamedTuple):
    """B texts as tensors; lengths stay on the CPU."""

    ids: Tensor  # (B, T) int64, padded on the right with PAD_ID
    lengths: Tensor  # (B,) int64, at least 1
    labels: Tensor  # (B,) int64

    @property
    def words(self) -> int:
        """Words, padding not counted."""
        return int(self.lengths.sum())

    def to(self, device: torch.device | str) -> Texts:
        """Return the texts with their ids on `device`."""
        return self._replace(ids=self.ids.to(device), labels=self.labels.to(device))


class TextNetwork(nn.Module):
    """logits = W pool(h(1) ... h(T)) + b,  h = recurrence(E[w(1)] ... E[w(T)]).

    Pools: last, the state after the last word (of each direction); max and mean, over all words, of each
    feature; attention, sum_t a(t) h(t) with a = softmax(v . tanh(U h + c))
    (Yang et al. 2016, equations 5 to 7).
    """

    def __init__(self, cell: str, config: NetworkConfig, vocab_size: int, labels: int) -> None:
        super().__init__()
        self.cell, self.config = cell, config
        self.embedding = nn.Embedding(vocab_size, config.embedding_size, padding_idx=PAD_ID)
        self.recurrence = Recurrent(
            cell_named(cell),  # a class has no name that a model file could record
            config.embedding_size,
            config.hidden_size,
            num_layers=config.num_layers,
            batch_first=True,
            dropout=config.dropout if config.num_layers > 1 else 0.0,
            bidirectional=config.bidirectional,
        )
        width = self.recurrence.output_size
        self.attention = _Attention(width) if config.pooling == "attention" else None
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(width, labels)

    def forward(self, texts: Texts) -> Tensor:
        """Return the logits (B, labels), float32."""
        seen = self.dropout(self.embedding(self._some_words(texts.ids)))
        output, state = self.recurrence(seen, lengths=texts.lengths)
        return self.output(self.dropout(self._pooled(output, state, texts))).float()

    def start_from(self, matrix: Tensor, freeze: bool) -> None:
        """Take the word vectors (vocab_size, embedding_size); frozen ones are not trained further."""
        with torch.no_grad():
            self.embedding.weight.copy_(matrix)
            self.embedding.weight[PAD_ID] = 0
        self.embedding.weight.requires_grad_(not freeze)

    def _some_words(self, ids: Tensor) -> Tensor:
        """Word dropout: all of a word's vector is left out at once."""
        if not (self.training and self.config.word_dropout):
            return ids
        kept = dropout(torch.ones_like(ids, dtype=torch.float32), self.config.word_dropout) > 0
        return ids * kept

    def _pooled(self, output: Tensor, state: Tensor | tuple[Tensor, ...], texts: Texts) -> Tensor:
        if self.config.pooling == "last":
            last = state if isinstance(state, Tensor) else state[0]
            directions = self.recurrence.num_directions
            return last[-directions:].transpose(0, 1).flatten(1)
        valid = torch.arange(output.shape[1]) < texts.lengths[:, None]  # (B, T)
        valid = valid.to(output.device).unsqueeze(-1)
        if self.attention is not None:
            return self.attention(output, valid)
        if self.config.pooling == "mean":
            return output.sum(1) / texts.lengths.to(output)[:, None]  # what lies behind the end is 0
        return output.masked_fill(~valid, float("-inf")).amax(1)


class _Attention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(width, width)
        self.score = nn.Linear(width, 1, bias=False)

    def forward(self, output: Tensor, valid: Tensor) -> Tensor:
        scores = self.score(torch.tanh(self.hidden(output))).masked_fill(~valid, float("-inf"))
        return (torch.softmax(scores, 1) * output).sum(1)
