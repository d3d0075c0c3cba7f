"""Sampling of sentences from the model's distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from throughtime.decoding.stepping import Hypothesis, LengthRule, StepModel, by_choice, unroll
from throughtime.errors import InputError
from throughtime.layers.ranking import largest


@dataclass(frozen=True)
class SampleSettings:
    """How sentences are drawn: from q(y_t) = softmax(log p(y_t) / temperature), truncated.

    Only the top_k most probable tokens remain (0: all), and of these the fewest whose q sums to at least
    top_p (nucleus sampling, Holtzman et al. 2020; 1: all). n_best are drawn for each source.

    Raises InputError for temperature not above 0, top_k under 0, top_p outside (0, 1] and n_best under 1.
    """

    n_best: int
    temperature: float
    top_k: int
    top_p: float
    max_length: LengthRule

    def __post_init__(self) -> None:
        if self.n_best < 1:
            raise InputError(f"n_best is {self.n_best}; expected at least 1")
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise InputError(f"temperature is {self.temperature}; expected a number above 0")
        if self.top_k < 0:
            raise InputError(f"top_k is {self.top_k}; expected at least 1, or 0 for all tokens")
        if not 0 < self.top_p <= 1:
            raise InputError(f"top_p is {self.top_p}; expected a number above 0 and at most 1")


def sample(
    model: StepModel, src: Tensor, src_lengths: Tensor, settings: SampleSettings, generator: torch.Generator
) -> list[list[Hypothesis]]:
    """Draw `n_best` hypotheses for each source, in the order drawn; src is (B, S), src_lengths (B,).

    log_probability and score are the model's own, before temperature and truncation. All randomness comes
    from `generator`, on the device of src; the draws for a sentence depend on the batch it is in.
    """

    def choose(log_probabilities: Tensor) -> Tensor:
        chances = distribution(log_probabilities, settings)
        return torch.multinomial(chances, 1, generator=generator).squeeze(1)

    rule = settings.max_length
    write = by_choice(model, choose, rule.min_length)
    drawn = unroll(model, src, src_lengths, rule, write, copies=settings.n_best)
    return [drawn[first : first + settings.n_best] for first in range(0, len(drawn), settings.n_best)]


def distribution(log_probabilities: Tensor, settings: SampleSettings) -> Tensor:
    """Return the probabilities q (N, V) from which the next token is drawn, from log p (N, V)."""
    sharpened = log_probabilities / settings.temperature
    if 0 < settings.top_k < sharpened.shape[1]:
        sharpened = _only(sharpened, *largest(sharpened, settings.top_k))
    if settings.top_p < 1:
        sharpened = _only(sharpened, *_nucleus(sharpened, settings.top_p))
    return sharpened.softmax(1)


def _only(sharpened: Tensor, values: Tensor, columns: Tensor) -> Tensor:
    """Return the values in their columns and -inf in all others, (N, V)."""
    return torch.full_like(sharpened, -math.inf).scatter(1, columns, values)


def _nucleus(sharpened: Tensor, top_p: float) -> tuple[Tensor, Tensor]:
    """Return all values sorted, -inf after top_p is reached, and their columns, (N, V) each."""
    values, columns = sharpened.sort(dim=1, descending=True, stable=True)
    chances = values.softmax(1)
    before = chances.cumsum(1) - chances
    return values.masked_fill(before >= top_p, -math.inf), columns
