"""Several models that write one sentence together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from throughtime.decoding.stepping import State, StepModel, attention_of
from throughtime.errors import InputError
from throughtime.layers.special_ids import BOS_ID, EOS_ID, PAD_ID


class Ensemble:
    """A model whose next-token distribution is the weighted mean of its members' (Sutskever et al. 2014).

    log p(v) = log sum_m w_m p_m(v),  sum_m w_m = 1

    The mean is of probabilities, not of their logarithms: a token that one member considers impossible
    remains possible. Members may be of any kind that shares the target vocabulary. Weights are divided by
    their sum; None means equal ones.

    Raises InputError for no members, vocabularies of different sizes, and weights that are not one positive
    number per member.
    """

    def __init__(self, models: Sequence[StepModel], weights: Sequence[float] | None = None) -> None:
        sizes = [model.vocab_size for model in models]
        if not sizes:
            raise InputError("the ensemble has no models; expected at least one")
        if len(set(sizes)) > 1:
            raise InputError(
                f"the models have target vocabularies of {sizes} tokens; expected one common size"
            )
        self.models = tuple(models)
        self.weights = shares(len(sizes), weights)
        self.vocab_size = sizes[0]
        self._sources: Sequence[tuple[Tensor, Tensor]] = ()

    def reading(self, sources: Sequence[tuple[Tensor, Tensor]]) -> Ensemble:
        """Return the ensemble for one batch of which each member reads its own ids.

        sources: src (B, S_m) and its lengths (B,), in the order of the members.
        """
        ensemble = copy(self)
        ensemble._sources = sources
        return ensemble

    def start(self, src: Tensor, src_lengths: Tensor) -> State:
        """Let every member read the same sources, src (B, S), or each its own."""
        sources = self._sources or [(src, src_lengths)] * len(self.models)
        return tuple(model.start(*own) for model, own in zip(self.models, sources, strict=True))

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """Return the log of the mean probabilities (N, V) and the members' new states."""
        pairs = [model.step(tokens, own) for model, own in zip(self.models, state, strict=True)]
        weighted = [answer + math.log(share) for (answer, _), share in zip(pairs, self.weights, strict=True)]
        return torch.stack(weighted).logsumexp(0), tuple(own for _, own in pairs)

    def select(self, state: State, rows: Tensor) -> State:
        """Select the rows in every member's state."""
        return tuple(model.select(own, rows) for model, own in zip(self.models, state, strict=True))

    def attention(self, state: State) -> Tensor | None:
        """Return the weighted mean of the members' attention (N, S).

        None if one of them has none, or if each reads its own ids.
        """
        if self._sources:
            return None
        pairs = zip(self.models, state, strict=True)
        attentions = [attention_of(model, own) for model, own in pairs]
        weights = [weight for weight in attentions if weight is not None]
        if len(weights) < len(attentions):
            return None
        return torch.stack([weight * share for weight, share in zip(weights, self.weights, strict=True)]).sum(
            0
        )


@dataclass
class Vote:
    """How far one member would have written what the ensemble wrote.

    tokens: of all texts, eos included; agreed: those that the member itself considers most probable;
    log_probability: of all of them by the member alone, in nats.
    """

    tokens: int = 0
    agreed: int = 0
    log_probability: float = 0.0


@torch.no_grad()
def count_votes(
    ensemble: Ensemble,
    src: Tensor,
    src_lengths: Tensor,
    written: Sequence[Sequence[int]],
    votes: Sequence[Vote],
) -> None:
    """Add each member's vote on the texts `written` for the sources, without eos, to `votes`."""
    targets = pad_sequence([torch.tensor([*text, EOS_ID]) for text in written], True, PAD_ID).to(src.device)
    states, tokens = ensemble.start(src, src_lengths), torch.full((len(src),), BOS_ID, device=src.device)
    for target in targets.T:
        valid = target != PAD_ID
        pairs = [model.step(tokens, own) for model, own in zip(ensemble.models, states, strict=True)]
        for vote, (log_probabilities, _) in zip(votes, pairs, strict=True):
            vote.tokens += int(valid.sum())
            vote.agreed += int(((log_probabilities.argmax(1) == target) & valid).sum())
            picked = log_probabilities.gather(1, target[:, None])[:, 0]
            vote.log_probability += float(picked[valid].double().sum())
        states, tokens = tuple(state for _, state in pairs), target


def shares(size: int, weights: Sequence[float] | None) -> list[float]:
    """Return the weights divided by their sum; equal ones for None.

    Raises InputError unless there is a number above 0 for each of `size` models.
    """
    numbers = [1.0] * size if weights is None else list(weights)
    if len(numbers) != size or not all(math.isfinite(weight) and weight > 0 for weight in numbers):
        raise InputError(
            f"the ensemble's weights are {numbers}; expected a number above 0 for each of {size}"
        )
    return [weight / sum(numbers) for weight in numbers]
