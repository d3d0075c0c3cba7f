"""Decoding with given first tokens."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from throughtime.decoding.stepping import State, StepModel, attention_of, best_of
from throughtime.layers.ranking import Ranked, ranked
from throughtime.layers.special_ids import PAD_ID


class Forced(NamedTuple):
    """The state of a batch of texts with forced prefixes."""

    inside: State  # of the wrapped model
    prefixes: Tensor  # (N, P) tokens, right padded
    lengths: Tensor  # (N,) of the prefixes
    written: int  # tokens so far

    @property
    def over(self) -> bool:
        """Whether any token may come next in all rows."""
        return self.written > self.prefixes.shape[1]


class Prefixed:
    """A model whose text for source b begins with prefixes[b].

    Log-probabilities are the model's own; tokens that may not come next have -inf. inner: (V,) True for
    tokens that continue the word before them: none may follow the prefix, whose last word is complete.
    """

    def __init__(self, model: StepModel, prefixes: Sequence[Sequence[int]], inner: Tensor) -> None:
        self.model, self.vocab_size = model, model.vocab_size
        self._prefixes, self._inner = [torch.tensor(prefix, dtype=torch.int64) for prefix in prefixes], inner

    def start(self, src: Tensor, src_lengths: Tensor) -> Forced:
        """Let the model read the sources, one for each prefix."""
        prefixes = pad_sequence(self._prefixes, batch_first=True, padding_value=PAD_ID).to(src.device)
        lengths = torch.tensor([len(prefix) for prefix in self._prefixes], device=src.device)
        return Forced(self.model.start(src, src_lengths), prefixes, lengths, 0)

    def step(self, tokens: Tensor, state: Forced) -> tuple[Tensor, Forced]:
        """Return log-probabilities (N, V), -inf for tokens that may not come next, and the new state."""
        log_probabilities, inside = self.model.step(tokens, state.inside)
        after = state._replace(inside=inside, written=state.written + 1)
        return (log_probabilities if state.over else self._masked(log_probabilities, state)), after

    def best(self, tokens: Tensor, state: Forced, count: int) -> tuple[Ranked, Forced]:
        """As `step`, but return the `count` most probable; after the prefixes the model itself ranks them."""
        if not state.over:
            log_probabilities, after = self.step(tokens, state)
            return ranked(log_probabilities, count), after
        ranks, inside = best_of(self.model, count)(tokens, state.inside)
        return ranks, state._replace(inside=inside)

    def select(self, state: Forced, rows: Tensor) -> Forced:
        """Return the state of the given rows."""
        inside = self.model.select(state.inside, rows)
        return Forced(inside, state.prefixes[rows], state.lengths[rows], state.written)

    def attention(self, state: Forced) -> Tensor | None:
        """Return the model's attention, None where it has none."""
        return attention_of(self.model, state.inside)

    def _masked(self, log_probabilities: Tensor, state: Forced) -> Tensor:
        masked = log_probabilities.clone()
        ended = (state.lengths == state.written) & (state.lengths > 0)
        masked.masked_fill_(ended.unsqueeze(1) & self._inner.to(masked.device), -math.inf)
        rows = (state.lengths > state.written).nonzero().flatten()
        if len(rows):
            forced = state.prefixes[rows, state.written]
            masked[rows] = -math.inf
            masked[rows, forced] = log_probabilities[rows, forced]
        return masked
