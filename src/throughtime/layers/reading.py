"""Which steps of a padded input a layer reads, in which order, and the way back to the order given."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from throughtime.layers.ragged import Ragged, are_known, ragged


@dataclass(frozen=True)
class Reading:
    """The steps of a batch in the order in which a layer reads them, valid ones first.

    given: the sequences in their own order. back: (T, B), the time at which each step of them is read; None
    where that is their own order.
    """

    sequences: Ragged
    given: Ragged
    back: Tensor | None = None

    def restored(self, results: Ragged) -> Ragged:
        """Results of `sequences`, each step in the place where it was given."""
        return results if self.back is None else self.given.with_data(_steps(results.data, self.back))


def reading(data: Tensor, lengths: Tensor | list[int] | None, mask: Tensor | None, reverse: bool) -> Reading:
    """How a layer reads time-major data (T, B, F), of which `lengths` or `mask` (T, B) says what is valid.

    Raises ValueError for lengths that do not fit the data.
    """
    if mask is None:
        return in_direction(ragged(data, lengths), reverse)
    mask = mask.to(data.device)
    given = Ragged(data, None, data.shape[0])
    valid = ragged(data, mask.sum(0))
    if valid.lengths is None or _padded_behind(mask):
        return in_direction(valid, reverse)
    order = (~mask).to(torch.int8).argsort(dim=0, stable=True)
    return _reordered(valid, given, order.gather(0, _backwards(valid)) if reverse else order)


def in_direction(sequences: Ragged, reverse: bool) -> Reading:
    """The sequences read from their first step to the last valid one, or the other way."""
    if not reverse:
        return Reading(sequences, sequences)
    padded = sequences.as_padded()
    return _reordered(padded, padded, _backwards(padded))


def _reordered(sequences: Ragged, given: Ragged, order: Tensor) -> Reading:
    taken = sequences.with_data(_steps(sequences.data, order))
    return Reading(taken, given, order.argsort(0))


def _backwards(sequences: Ragged) -> Tensor:
    """(T, B), the order of each sequence's steps from the last valid one to the first, then the rest."""
    like, steps = sequences.values, sequences.steps
    time = torch.arange(steps, device=like.device)[:, None]
    lengths = torch.full((sequences.batch,), steps) if sequences.lengths is None else sequences.lengths
    ends = lengths.to(like.device)
    return torch.where(time < ends, ends - 1 - time, time)


def _steps(data: Tensor, order: Tensor) -> Tensor:
    """The steps of each sequence of data (T, B, F) in the order (T, B)."""
    places = order * data.shape[1] + torch.arange(data.shape[1], device=data.device)
    return data.flatten(0, 1).index_select(0, places.flatten()).view(data.shape)


def _padded_behind(mask: Tensor) -> bool:
    """Whether only steps behind the last valid one are masked; False where that is not known."""
    return are_known(mask) and bool((mask[1:] <= mask[:-1]).all())
