"""The most probable tokens of a distribution over a vocabulary, best first."""

from __future__ import annotations

import math
from typing import NamedTuple

from torch import Tensor

from throughtime.errors import InputError
from throughtime.layers.special_ids import BOS_ID, EOS_ID, PAD_ID


class Ranked(NamedTuple):
    """The most probable next tokens of N rows, without pad and bos.

    values: their log-probabilities (N, C), best first. tokens: (N, C), the lower id first among equals. ends:
    the log-probability of eos (N,). The rest of the distribution is unknown.
    """

    values: Tensor
    tokens: Tensor
    ends: Tensor


def ranked(log_probabilities: Tensor, count: int) -> Ranked:
    """Return the `count` largest of log-probabilities (N, V), or all if there are fewer."""
    require_numbers(log_probabilities)
    masked = log_probabilities.clone()
    masked[:, [PAD_ID, BOS_ID]] = -math.inf
    return Ranked(*largest(masked, min(count, masked.shape[1])), log_probabilities[:, EOS_ID])


def largest(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the `count` largest of each row of (N, M), best first, and their columns, both (N, count).

    Unlike `topk` this fixes which of equal scores are taken, and their order: lower columns first. Only -inf
    comes in no particular order.
    """
    values, columns = scores.topk(min(count + 1, scores.shape[1]))
    least, following = values[:, count - 1], values[:, count:]
    if ((following == least.unsqueeze(1)) & (following > -math.inf)).any():
        values, columns = scores.sort(dim=1, descending=True, stable=True)
        return values[:, :count], columns[:, :count]
    columns = columns[:, :count].sort(dim=1).values
    values, order = scores.gather(1, columns).sort(dim=1, descending=True, stable=True)
    return values, columns.gather(1, order)


def require_numbers(log_probabilities: Tensor) -> None:
    """Raise InputError for a distribution with NaN."""
    if log_probabilities.sum().isnan():
        raise InputError("the model gives NaN where log-probabilities are expected; its weights are damaged")
