"""Sequences of unequal length, padded or packed as a back-end needs them, and conversions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch._C import _functorch  # pyright: ignore
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from throughtime.errors import TensorError


@dataclass(frozen=True)
class Ragged:
    """Time-major sequences with F features, in one of two forms; the other is computed on demand.

    form: (T, B, F) padded, or packed. lengths: (B,) int64 on the CPU, or None if all are T long. steps: T.
    """

    form: Tensor | PackedSequence
    lengths: Tensor | None
    steps: int

    @property
    def data(self) -> Tensor:
        """(T, B, F), as passed in, or padded with 0."""
        if isinstance(self.form, Tensor):
            return self.form
        return _padded(self.form, self.steps, self.batch)

    @property
    def packed(self) -> PackedSequence:
        """Step by step, longest sequences first, without padding.

        Empty sequences come last: they are in `sorted_indices` but have no rows.
        """
        if isinstance(self.form, PackedSequence):
            return self.form
        lengths = torch.full((self.batch,), self.steps) if self.lengths is None else self.lengths
        return _packed(self.form, lengths)

    @property
    def values(self) -> Tensor:
        """All numbers in the existing form."""
        return self.form if isinstance(self.form, Tensor) else self.form.data

    @property
    def batch(self) -> int:
        """B."""
        if isinstance(self.form, Tensor):
            return self.form.shape[1]
        return int(self.form.batch_sizes[0]) if self.lengths is None else len(self.lengths)

    def as_padded(self) -> Ragged:
        """Return the same in padded form."""
        return self._with(self.data)

    def as_packed(self) -> Ragged:
        """Return the same in packed form."""
        return self._with(self.packed)

    def map(self, function: Callable[[Tensor], Tensor]) -> Ragged:
        """Apply an elementwise function to all numbers."""
        form = self.form
        if isinstance(form, Tensor):
            return self._with(function(form))
        return self._with(form._replace(data=function(form.data)))

    def scaled(self, factors: Tensor) -> Ragged:
        """Multiply every step of each sequence by that sequence's factors, (B, F)."""
        if isinstance(self.form, Tensor):
            return self._with(self.form * factors)
        sizes, order = self.form.batch_sizes, self.form.sorted_indices
        starts = sizes.cumsum(0) - sizes
        sequence = torch.arange(len(self.form.data)) - starts.repeat_interleave(sizes)
        in_order = factors if order is None else factors.index_select(0, order)
        return self.map(lambda x: x * in_order.index_select(0, sequence.to(x.device)))

    def with_data(self, data: Tensor) -> Ragged:
        """Return other values (T, B, F) for the same steps."""
        return self._with(data)

    def with_rows(self, rows: Tensor) -> Ragged:
        """Return other values for the rows of `packed`."""
        return self._with(self.packed._replace(data=rows))

    def _with(self, form: Tensor | PackedSequence) -> Ragged:
        """Return another form with the same lengths; older torch cannot compile `dataclasses.replace`."""
        return Ragged(form, self.lengths, self.steps)

    def valid(self) -> Tensor:
        """Return (T, B), True where a sequence has a step."""
        lengths = torch.full((self.batch,), self.steps) if self.lengths is None else self.lengths
        return (torch.arange(self.steps)[:, None] < lengths).to(self.values.device)


@dataclass(frozen=True)
class LayerResult:
    """The results of a layer.

    output: D * width features. state: the final state of each direction, (B, width) by name. observed: the
    observed values of each direction at every step, by name.
    """

    output: Ragged
    state: list[dict[str, Tensor]]
    observed: list[dict[str, Ragged]]


def ragged(data: Tensor, lengths: Tensor | list[int] | None) -> Ragged:
    """Check `lengths` against time-major data (T, B, F); lengths that are all T are treated as None.

    Raises TensorError if lengths are not B integers from 0 to T.
    """
    if lengths is None:
        return Ragged(data, None, data.shape[0])
    counts = torch.as_tensor(lengths, device="cpu")
    steps, batch = data.shape[:2]
    if counts.shape != (batch,) or (counts.is_floating_point() and batch):
        got = f"{counts.dtype} of {tuple(counts.shape)}"
        raise TensorError(f"lengths must be {batch} whole numbers, one per sequence; got {got}")
    counts = counts.to(torch.int64)
    if not are_known(counts):
        return Ragged(data, counts, steps)
    shortest, longest = (int(counts.min()), int(counts.max())) if batch else (0, 0)
    if not 0 <= shortest <= longest <= steps:
        raise TensorError(f"lengths must lie between 0 and {steps}; got {shortest} to {longest}")
    return Ragged(data, None if bool((counts == steps).all()) else counts, steps)


def are_known(values: Tensor) -> bool:
    """Whether a tensor's values can be read: not in a graph of torch, nor batched under vmap."""
    if torch.compiler.is_compiling():
        return False
    while _functorch.is_functorch_wrapped_tensor(values):
        if _functorch.is_batchedtensor(values):
            return False
        values = _functorch.get_unwrapped(values)
    return True


def unpack(packed: PackedSequence) -> Ragged:
    """Return the sequences of a PackedSequence in their original order."""
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
    """Return `sequences` in the order and layout of `packed`."""
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


def _packed(data: Tensor, lengths: Tensor) -> PackedSequence:
    """Pack as `pack_padded_sequence`, but also empty sequences, which it refuses."""
    count = int(lengths.count_nonzero())
    if count == len(lengths):
        return pack_padded_sequence(data, lengths, enforce_sorted=False)
    lengths, order = lengths.sort(descending=True, stable=True)
    order = order.to(data.device)
    if not count:
        return PackedSequence(data.flatten(0, 1)[:0], lengths[:0], order, order.argsort())
    packed = pack_padded_sequence(data.index_select(1, order[:count]), lengths[:count])
    return PackedSequence(packed.data, packed.batch_sizes, order, order.argsort())


def _padded(packed: PackedSequence, steps: int, batch: int) -> Tensor:
    """Pad as `pad_packed_sequence`, for a batch that may contain empty sequences."""
    sizes, order = packed.batch_sizes, packed.unsorted_indices
    count = int(sizes[0]) if len(sizes) else 0
    if count == batch:
        return pad_packed_sequence(packed, total_length=steps)[0]
    rows, width = packed.data, packed.data.shape[-1]
    if count:
        filled, _ = pad_packed_sequence(PackedSequence(rows, sizes), total_length=steps)
    else:
        filled = rows.view(steps, 0, width)
    padded = torch.cat([filled, rows.new_zeros(steps, batch - count, width)], 1)
    return padded if order is None else padded.index_select(1, order)
