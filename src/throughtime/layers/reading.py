"""The steps of a padded input that a layer reads, in reading order, and the mapping back."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from throughtime.layers.ragged import Ragged, are_known, ragged


@dataclass(frozen=True)
class Reading:
    """The steps of a batch in the order in which a layer reads them, valid ones first.

    original: the sequences in their own order. back: (T, B), the time at which each of their steps is read;
    None if that is their own order.
    """

    sequences: Ragged
    original: Ragged
    back: Tensor | None = None

    def restored(self, results: Ragged) -> Ragged:
        """Put results of `sequences` back into the original order of the steps."""
        return results if self.back is None else self.original.with_data(_steps(results.data, self.back))


def reading(data: Tensor, lengths: Tensor | list[int] | None, mask: Tensor | None, reverse: bool) -> Reading:
    """Return how a layer reads time-major data (T, B, F) with its valid steps, by `lengths` or `mask` (T, B).

    Raises ValueError for lengths that do not fit the data.
    """
    if mask is None:
        return in_direction(ragged(data, lengths), reverse)
    mask = mask.to(data.device)
    original = Ragged(data, None, data.shape[0])
    valid = ragged(data, mask.sum(0))
    if valid.lengths is None or _padded_behind(mask):
        return in_direction(valid, reverse)
    order = (~mask).to(torch.int8).argsort(dim=0, stable=True)
    return _reordered(valid, original, order.gather(0, _backwards(valid)) if reverse else order)


def in_direction(sequences: Ragged, reverse: bool) -> Reading:
    """Return the sequences read from their first step to the last valid one, or in reverse."""
    if not reverse:
        return Reading(sequences, sequences)
    padded = sequences.as_padded()
    return _reordered(padded, padded, _backwards(padded))


def _reordered(sequences: Ragged, original: Ragged, order: Tensor) -> Reading:
    taken = sequences.with_data(_steps(sequences.data, order))
    return Reading(taken, original, order.argsort(0))


def _backwards(sequences: Ragged) -> Tensor:
    """Return (T, B), each sequence's steps from the last valid one to the first, then the rest."""
    like, steps = sequences.values, sequences.steps
    time = torch.arange(steps, device=like.device)[:, None]
    lengths = torch.full((sequences.batch,), steps) if sequences.lengths is None else sequences.lengths
    ends = lengths.to(like.device)
    return torch.where(time < ends, ends - 1 - time, time)


def _steps(data: Tensor, order: Tensor) -> Tensor:
    """Return the steps of each sequence of data (T, B, F) in the order (T, B)."""
    places = order * data.shape[1] + torch.arange(data.shape[1], device=data.device)
    return data.flatten(0, 1).index_select(0, places.flatten()).view(data.shape)


def _padded_behind(mask: Tensor) -> bool:
    """Whether only steps after the last valid one are masked; False if that is unknown."""
    return are_known(mask) and bool((mask[1:] <= mask[:-1]).all())
