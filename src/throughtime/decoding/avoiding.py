"""Decoding that never writes certain phrases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from throughtime.decoding.stepping import State, StepModel, attention_of, best_of
from throughtime.layers.ranking import Ranked
from throughtime.layers.special_ids import BOS_ID


class Avoided(NamedTuple):
    """The state of a batch, with the last tokens of each text."""

    inside: State  # of the wrapped model
    last: Tensor  # (N, L), L one less than the length of the longest phrase


class Avoiding:
    """A model that never completes any of some phrases.

    phrases: runs of tokens. The other log-probabilities are the model's own.
    """

    def __init__(self, model: StepModel, phrases: Sequence[Sequence[int]]) -> None:
        self.model, self.vocab_size = model, model.vocab_size
        self._phrases = [torch.tensor(phrase) for phrase in phrases]
        self._before = max(len(phrase) for phrase in phrases) - 1

    def start(self, src: Tensor, src_lengths: Tensor) -> Avoided:
        """Let the model read the sources."""
        last = torch.full((len(src), self._before), BOS_ID, device=src.device)
        return Avoided(self.model.start(src, src_lengths), last)

    def step(self, tokens: Tensor, state: Avoided) -> tuple[Tensor, Avoided]:
        """Return log-probabilities (N, V), -inf for tokens that would complete a phrase, and the state."""
        log_probabilities, inside = self.model.step(tokens, state.inside)
        after = self._followed(tokens, inside, state)
        masked = log_probabilities.clone()
        for phrase, rows in self._at_the_end_of(after):
            masked[rows, phrase[-1]] = -math.inf
        return masked, after

    def best(self, tokens: Tensor, state: Avoided, count: int) -> tuple[Ranked, Avoided]:
        """As `step`, but return the `count` most probable tokens, out of enough of the model's."""
        more = min(count + len(self._phrases), self.vocab_size)
        ranks, inside = best_of(self.model, more)(tokens, state.inside)
        after = self._followed(tokens, inside, state)
        values = ranks.values.clone()
        for phrase, rows in self._at_the_end_of(after):
            values[rows.unsqueeze(1) & (ranks.tokens == phrase[-1])] = -math.inf
        values, order = values.sort(dim=1, descending=True, stable=True)
        chosen = Ranked(values[:, :count], ranks.tokens.gather(1, order)[:, :count], ranks.ends)
        return chosen, after

    def select(self, state: Avoided, rows: Tensor) -> Avoided:
        """Return the state of the given rows."""
        return Avoided(self.model.select(state.inside, rows), state.last[rows])

    def attention(self, state: Avoided) -> Tensor | None:
        """Return the model's attention, None where it has none."""
        return attention_of(self.model, state.inside)

    def _followed(self, tokens: Tensor, inside: State, state: Avoided) -> Avoided:
        last = torch.cat([state.last, tokens.unsqueeze(1)], 1)
        return Avoided(inside, last[:, last.shape[1] - self._before :])

    def _at_the_end_of(self, state: Avoided) -> list[tuple[Tensor, Tensor]]:
        """Return each phrase with True for the rows (N,) whose text ends with all but its last token."""
        endings: list[tuple[Tensor, Tensor]] = []
        for phrase in self._phrases:
            begun = phrase[:-1].to(state.last.device)
            endings.append((phrase, (state.last[:, self._before - len(begun) :] == begun).all(1)))
        return endings
