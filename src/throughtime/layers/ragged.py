"""Sequences of unequal length, in the one form that back-ends work on, and the ways in and out of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence


@dataclass(frozen=True)
class Ragged:
    """Time-major sequences: data (T, B, F), lengths (B,) int64 on the CPU, or None where all are T long."""

    data: Tensor
    lengths: Tensor | None

    def with_data(self, data: Tensor) -> Ragged:
        """Other values for the same steps."""
        return replace(self, data=data)

    def valid(self) -> Tensor:
        """(T, B), True where a sequence has a step."""
        steps = torch.arange(self.data.shape[0])[:, None]
        lengths = torch.full(self.data.shape[1:2], len(steps)) if self.lengths is None else self.lengths
        return (steps < lengths).to(self.data.device)


def ragged(data: Tensor, lengths: Tensor | list[int] | None) -> Ragged:
    """Checks `lengths` against time-major data (T, B, F); lengths that are all T are as good as none.

    Raises ValueError where lengths are not B whole numbers from 1 to T.
    """
    if lengths is None:
        return Ragged(data, None)
    counts = torch.as_tensor(lengths, device="cpu")
    steps, batch = data.shape[:2]
    if counts.is_floating_point() or counts.shape != (batch,):
        got = f"{counts.dtype} of {tuple(counts.shape)}"
        raise ValueError(f"lengths must be {batch} whole numbers, one a sequence; got {got}")
    counts = counts.to(torch.int64)
    shortest, longest = (int(counts.min()), int(counts.max())) if batch else (1, 1)
    if not 1 <= shortest <= longest <= steps:
        raise ValueError(f"lengths must lie between 1 and {steps}; got {shortest} to {longest}")
    return Ragged(data, None if bool((counts == steps).all()) else counts)


def unpack(packed: PackedSequence) -> Ragged:
    """The sequences of a PackedSequence in their original order."""
    data, lengths = pad_packed_sequence(packed)
    return ragged(data, lengths)


def pack_like(sequences: Ragged, packed: PackedSequence) -> PackedSequence:
    """`sequences` in the order and layout of `packed`."""
    data = sequences.data
    if packed.sorted_indices is not None:
        data = data.index_select(1, packed.sorted_indices)
    lengths = sequences.lengths
    counts = (
        torch.full((data.shape[1],), data.shape[0])
        if lengths is None
        else lengths.sort(descending=True).values
    )
    values = pack_padded_sequence(data, counts).data
    return PackedSequence(values, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices)
