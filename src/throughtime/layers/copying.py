"""Words written or copied from the source: the pointer-generator (See, Liu and Manning 2017, section 2.2).

p(v) = g p_vocab(v) + (1 - g) sum_{i: x_i = v} a_i,    g = sigmoid(w . (context, h, x) + b)

p_vocab is the output layer's, a the attention, x_i the source's ids, which must be ids of the target too.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid


class CopyingGate(nn.Module):
    """Log-odds of g, of writing a word rather than copying one: w . (context, h, x) + b (equation 8)."""

    def __init__(self, memory_width: int, decoder_width: int, embedding_size: int) -> None:
        super().__init__()
        self.linear = nn.Linear(memory_width + decoder_width + embedding_size, 1)

    def forward(self, contexts: Tensor, outputs: Tensor, words: Tensor) -> Tensor:
        """Return (B, T) from contexts (B, T, M), decoder outputs (B, T, D) and input words (B, T, E)."""
        return self.linear(torch.cat([contexts, outputs, words], -1)).squeeze(-1)


def attention_on(targets: Tensor, weights: Tensor, src: Tensor) -> Tensor:
    """Return the attention on source positions with the target: (B, T), (B, T, S), (B, S) to (B, T)."""
    return (weights * (src[:, None] == targets[:, :, None])).sum(-1)


def log_probability(log_vocab: Tensor, gate: Tensor, attention: Tensor) -> Tensor:
    """Return log(g p_vocab + (1 - g) a) of single words.

    From log p_vocab, the log-odds of g, and a, of equal shapes. Zero attention counts as the least positive
    number, which has a gradient.
    """
    copied = attention.clamp_min(torch.finfo(attention.dtype).tiny).log()
    return torch.logaddexp(logsigmoid(gate) + log_vocab, logsigmoid(-gate) + copied)


def log_probabilities(log_vocab: Tensor, gate: Tensor, weights: Tensor, src: Tensor) -> Tensor:
    """Return log p of all words (N, V).

    From log p_vocab (N, V), log-odds of g (N,), attention and source (N, S).
    """
    written = log_vocab + logsigmoid(gate)[:, None]
    attention = torch.zeros_like(written).scatter_add_(1, src, weights).gather(1, src)
    copied = attention.log() + logsigmoid(-gate)[:, None]
    return written.scatter_(1, src, torch.logaddexp(written.gather(1, src), copied))
