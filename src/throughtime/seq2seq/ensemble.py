"""Several models that write one sentence together."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from throughtime.errors import InputError
from throughtime.seq2seq.search import AttendingModel, State, StepModel


class Ensemble:
    """A model whose next-token distribution is the weighted mean of its members' (Sutskever et al. 2014).

    log p(v) = log sum_m w_m p_m(v),  sum_m w_m = 1

    The mean is of probabilities, not of their logarithms: a token that one member holds impossible stays
    possible. Members may be of any kind that shares the target vocabulary. Weights are divided by their sum;
    none means equal. Raises InputError for no members, vocabularies of different sizes, and weights that are
    not one positive number for each member.
    """

    def __init__(self, models: Sequence[StepModel], weights: Sequence[float] | None = None) -> None:
        sizes = [model.vocab_size for model in models]
        if not sizes:
            raise InputError("The ensemble has no models; expected at least one.")
        if len(set(sizes)) > 1:
            raise InputError(
                f"The models have target vocabularies of {sizes} tokens; expected one common size."
            )
        self.models = tuple(models)
        self.weights = _shares(len(sizes), weights)
        self.vocab_size = sizes[0]

    def start(self, src: Tensor, src_lengths: Tensor) -> State:
        """Let every member read the same sources, src (B, S)."""
        return tuple(model.start(src, src_lengths) for model in self.models)

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """Return the log of the mean probabilities (N, V) and the members' new states."""
        pairs = [model.step(tokens, own) for model, own in zip(self.models, state, strict=True)]
        weighted = [answer + math.log(share) for (answer, _), share in zip(pairs, self.weights, strict=True)]
        return torch.stack(weighted).logsumexp(0), tuple(own for _, own in pairs)

    def select(self, state: State, rows: Tensor) -> State:
        """Select the rows in every member's state."""
        return tuple(model.select(own, rows) for model, own in zip(self.models, state, strict=True))

    def attention(self, state: State) -> Tensor | None:
        """Return the weighted mean of the members' attention (N, S), or None if one of them has none."""
        pairs = zip(self.models, state, strict=True)
        given = [model.attention(own) if isinstance(model, AttendingModel) else None for model, own in pairs]
        weights = [one for one in given if one is not None]
        if len(weights) < len(given):
            return None
        return torch.stack([one * share for one, share in zip(weights, self.weights, strict=True)]).sum(0)


def _shares(size: int, weights: Sequence[float] | None) -> list[float]:
    """The weights divided by their sum."""
    given = [1.0] * size if weights is None else list(weights)
    if len(given) != size or not all(math.isfinite(weight) and weight > 0 for weight in given):
        raise InputError(f"The ensemble's weights are {given}; expected a number above 0 for each of {size}.")
    return [weight / sum(given) for weight in given]
