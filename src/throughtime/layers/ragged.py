"""Sequences of unequal length, padded or packed as a back-end has need, and the ways in and out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from throughtime.errors import TensorError


@dataclass(frozen=True)
class Ragged:
    """Time-major sequences with F features, in one of two forms; the other is made whenever it is asked for.

    form: (T, B, F) padded, or packed. lengths: (B,) int64 on the CPU, or None where all are T long.
    steps: T.
    """

    form: Tensor | PackedSequence
    lengths: Tensor | None
    steps: int

    @property
    def data(self) -> Tensor:
        """(T, B, F), as it was given, or padded with 0."""
        if isinstance(self.form, Tensor):
            return self.form
        return pad_packed_sequence(self.form, total_length=self.steps)[0]

    @property
    def packed(self) -> PackedSequence:
        """Step by step, longest sequences first, without padding."""
        if isinstance(self.form, PackedSequence):
            return self.form
        lengths = torch.full((self.batch,), self.steps) if self.lengths is None else self.lengths
        return pack_padded_sequence(self.form, lengths, enforce_sorted=False)

    @property
    def values(self) -> Tensor:
        """All numbers in the form that is there."""
        return self.form if isinstance(self.form, Tensor) else self.form.data

    @property
    def batch(self) -> int:
        """B."""
        return self.form.shape[1] if isinstance(self.form, Tensor) else int(self.form.batch_sizes[0])

    def as_padded(self) -> Ragged:
        """The same in padded form."""
        return replace(self, form=self.data)

    def as_packed(self) -> Ragged:
        """The same in packed form."""
        return replace(self, form=self.packed)

    def map(self, function: Callable[[Tensor], Tensor]) -> Ragged:
        """The same steps with other numbers, each made of the one in its place."""
        form = self.form
        new = function(form) if isinstance(form, Tensor) else form._replace(data=function(form.data))
        return replace(self, form=new)

    def scaled(self, factors: Tensor) -> Ragged:
        """Every step of each sequence times that sequence's factors, (B, F)."""
        if isinstance(self.form, Tensor):
            return replace(self, form=self.form * factors)
        sizes, order = self.form.batch_sizes, self.form.sorted_indices
        starts = sizes.cumsum(0) - sizes
        sequence = torch.arange(len(self.form.data)) - starts.repeat_interleave(sizes)
        in_order = factors if order is None else factors.index_select(0, order)
        return self.map(lambda x: x * in_order.index_select(0, sequence.to(x.device)))

    def with_data(self, data: Tensor) -> Ragged:
        """Other values (T, B, F) for the same steps."""
        return replace(self, form=data)

    def with_rows(self, rows: Tensor) -> Ragged:
        """Other values for the rows of `packed`."""
        return replace(self, form=self.packed._replace(data=rows))

    def valid(self) -> Tensor:
        """(T, B), True where a sequence has a step."""
        lengths = torch.full((self.batch,), self.steps) if self.lengths is None else self.lengths
        return (torch.arange(self.steps)[:, None] < lengths).to(self.values.device)


@dataclass(frozen=True)
class Run:
    """What a layer gives: the outputs, D * width features, and of each direction the last state, (B, width)
    by name, and what was observed at every step."""

    output: Ragged
    state: list[dict[str, Tensor]]
    observed: list[dict[str, Ragged]]


def ragged(data: Tensor, lengths: Tensor | list[int] | None) -> Ragged:
    """Checks `lengths` against time-major data (T, B, F); lengths that are all T are as good as none.

    Raises TensorError where lengths are not B whole numbers from 1 to T.
    """
    if lengths is None:
        return Ragged(data, None, data.shape[0])
    counts = torch.as_tensor(lengths, device="cpu")
    steps, batch = data.shape[:2]
    if counts.is_floating_point() or counts.shape != (batch,):
        got = f"{counts.dtype} of {tuple(counts.shape)}"
        raise TensorError(f"lengths must be {batch} whole numbers, one a sequence; got {got}")
    counts = counts.to(torch.int64)
    if torch.compiler.is_compiling():  # what the lengths are is not known before the graph runs
        return Ragged(data, counts, steps)
    shortest, longest = (int(counts.min()), int(counts.max())) if batch else (1, 1)
    if not 1 <= shortest <= longest <= steps:
        raise TensorError(f"lengths must lie between 1 and {steps}; got {shortest} to {longest}")
    return Ragged(data, None if bool((counts == steps).all()) else counts, steps)


def unpack(packed: PackedSequence) -> Ragged:
    """The sequences of a PackedSequence in their original order."""
    sizes = packed.batch_sizes
    if int(sizes[-1]) == int(sizes[0]):
        data, order = packed.data.view(len(sizes), int(sizes[0]), -1), packed.unsorted_indices
        return Ragged(data if order is None else data.index_select(1, order), None, len(sizes))
    ended = sizes - torch.cat([sizes[1:], sizes.new_zeros(1)])
    longest_first = torch.arange(1, len(sizes) + 1).repeat_interleave(ended).flip(0)
    order = packed.unsorted_indices
    lengths = longest_first if order is None else longest_first[order.cpu()]
    return Ragged(packed, lengths, len(sizes))


def pack_like(sequences: Ragged, packed: PackedSequence) -> PackedSequence:
    """`sequences` in the order and layout of `packed`."""
    form = sequences.form
    if isinstance(form, PackedSequence) and form.sorted_indices is packed.sorted_indices:
        return form
    data = sequences.data
    if packed.sorted_indices is not None:
        data = data.index_select(1, packed.sorted_indices)
    if sequences.lengths is None:
        values = data.flatten(0, 1)
    else:
        values = pack_padded_sequence(data, sequences.lengths.sort(descending=True).values).data
    return PackedSequence(values, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices)
