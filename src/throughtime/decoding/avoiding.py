"""Texts in which some phrases never stand."""

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
    """A batch under way, with the last tokens of each text."""

    inside: State  # of the model that writes
    last: Tensor  # (N, L) as many as the longest phrase has before its end


class Avoiding:
    """A model that never writes the last token of a phrase after all others of it.

    phrases: runs of tokens. The other log-probabilities are the model's own.
    """

    def __init__(self, model: StepModel, phrases: Sequence[Sequence[int]]) -> None:
        self.model, self.vocab_size = model, model.vocab_size
        self._phrases = [torch.tensor(one) for one in phrases]
        self._before = max(len(one) for one in phrases) - 1

    def start(self, src: Tensor, src_lengths: Tensor) -> Avoided:
        """Let the model read the sources."""
        last = torch.full((len(src), self._before), BOS_ID, device=src.device)
        return Avoided(self.model.start(src, src_lengths), last)

    def step(self, tokens: Tensor, state: Avoided) -> tuple[Tensor, Avoided]:
        """Return log-probabilities (N, V), -inf for what would end a phrase, and the new state."""
        log_probabilities, inside = self.model.step(tokens, state.inside)
        after = self._followed(tokens, inside, state)
        masked = log_probabilities.clone()
        for phrase, rows in self._at_the_end_of(after):
            masked[rows, phrase[-1]] = -math.inf
        return masked, after

    def best(self, tokens: Tensor, state: Avoided, count: int) -> tuple[Ranked, Avoided]:
        """As `step`, but return the `count` likeliest tokens: of some more that the model finds."""
        more = min(count + len(self._phrases), self.vocab_size)
        found, inside = best_of(self.model, more)(tokens, state.inside)
        after = self._followed(tokens, inside, state)
        values = found.values.clone()
        for phrase, rows in self._at_the_end_of(after):
            values[rows.unsqueeze(1) & (found.tokens == phrase[-1])] = -math.inf
        values, order = values.sort(dim=1, descending=True, stable=True)
        chosen = Ranked(values[:, :count], found.tokens.gather(1, order)[:, :count], found.ends)
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
        """Each phrase with True for the rows (N,) whose text ends with all of it but its last token."""
        found: list[tuple[Tensor, Tensor]] = []
        for phrase in self._phrases:
            begun = phrase[:-1].to(state.last.device)
            found.append((phrase, (state.last[:, self._before - len(begun) :] == begun).all(1)))
        return found
