"""Sequences of unequal length, padded or packed as a back-end has need, and the ways in and out of it."""

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
        """All numbers in the form that is there."""
        return self.form if isinstance(self.form, Tensor) else self.form.data

    @property
    def batch(self) -> int:
        """B."""
        if isinstance(self.form, Tensor):
            return self.form.shape[1]
        return int(self.form.batch_sizes[0]) if self.lengths is None else len(self.lengths)

    def as_padded(self) -> Ragged:
        """The same in padded form."""
        return self._with(self.data)

    def as_packed(self) -> Ragged:
        """The same in packed form."""
        return self._with(self.packed)

    def map(self, function: Callable[[Tensor], Tensor]) -> Ragged:
        """The same steps with other numbers, each made of the one in its place."""
        form = self.form
        if isinstance(form, Tensor):
            return self._with(function(form))
        return self._with(form._replace(data=function(form.data)))

    def scaled(self, factors: Tensor) -> Ragged:
        """Every step of each sequence times that sequence's factors, (B, F)."""
        if isinstance(self.form, Tensor):
            return self._with(self.form * factors)
        sizes, order = self.form.batch_sizes, self.form.sorted_indices
        starts = sizes.cumsum(0) - sizes
        sequence = torch.arange(len(self.form.data)) - starts.repeat_interleave(sizes)
        in_order = factors if order is None else factors.index_select(0, order)
        return self.map(lambda x: x * in_order.index_select(0, sequence.to(x.device)))

    def with_data(self, data: Tensor) -> Ragged:
        """Other values (T, B, F) for the same steps."""
        return self._with(data)

    def with_rows(self, rows: Tensor) -> Ragged:
        """Other values for the rows of `packed`."""
        return self._with(self.packed._replace(data=rows))

    def _with(self, form: Tensor | PackedSequence) -> Ragged:
        """The same lengths; `dataclasses.replace` is too much for the compiler of older torch."""
        return Ragged(form, self.lengths, self.steps)

    def valid(self) -> Tensor:
        """(T, B), True where a sequence has a step."""
        lengths = torch.full((self.batch,), self.steps) if self.lengths is None else self.lengths
        return (torch.arange(self.steps)[:, None] < lengths).to(self.values.device)


@dataclass(frozen=True)
class LayerResult:
    """What a layer gives: the outputs, D * width features, and of each direction the last state, (B, width)
    by name, and what was observed at every step."""

    output: Ragged
    state: list[dict[str, Tensor]]
    observed: list[dict[str, Ragged]]


def ragged(data: Tensor, lengths: Tensor | list[int] | None) -> Ragged:
    """Checks `lengths` against time-major data (T, B, F); lengths that are all T are as good as none.

    Raises TensorError where lengths are not B whole numbers from 0 to T.
    """
    if lengths is None:
        return Ragged(data, None, data.shape[0])
    counts = torch.as_tensor(lengths, device="cpu")
    steps, batch = data.shape[:2]
    if counts.shape != (batch,) or (counts.is_floating_point() and batch):
        got = f"{counts.dtype} of {tuple(counts.shape)}"
        raise TensorError(f"lengths must be {batch} whole numbers, one a sequence; got {got}")
    counts = counts.to(torch.int64)
    if not are_known(counts):
        return Ragged(data, counts, steps)
    shortest, longest = (int(counts.min()), int(counts.max())) if batch else (0, 0)
    if not 0 <= shortest <= longest <= steps:
        raise TensorError(f"lengths must lie between 0 and {steps}; got {shortest} to {longest}")
    return Ragged(data, None if bool((counts == steps).all()) else counts, steps)


def are_known(values: Tensor) -> bool:
    """Whether a tensor's values can be looked at: not in a graph of torch's, nor one of many under vmap."""
    if torch.compiler.is_compiling():
        return False
    while _functorch.is_functorch_wrapped_tensor(values):
        if _functorch.is_batchedtensor(values):
            return False
        values = _functorch.get_unwrapped(values)
    return True


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


def _packed(data: Tensor, lengths: Tensor) -> PackedSequence:
    """`pack_padded_sequence`, which refuses empty sequences, for lengths from 0."""
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
    """`pad_packed_sequence` for a batch of which some sequences may be empty."""
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
