"""Sequences as the rows that a scan processes, step by step, and the conversion in both directions."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from throughtime.layers.ragged import Ragged


class Layout(ABC):
    """The order of the steps of sequences among the rows of a scan.

    sizes: rows of each step, None if all have as many. order: the sequence of each row of the first step,
    None if unchanged; back: the inverse, the row of each sequence.
    """

    sizes: Tensor | None = None
    order: Tensor | None = None
    back: Tensor | None = None

    @abstractmethod
    def rows(self, sequences: Ragged) -> Tensor:
        """Return the rows (rows of all steps, F) of sequences of this layout."""

    @abstractmethod
    def formed(self, rows: Tensor) -> Ragged:
        """Return the sequences with these rows."""


def layout_of(sequences: Ragged) -> Layout:
    """Return the layout for the sequences: for equal lengths, without padding, or for a graph of torch."""
    if sequences.lengths is None:
        return _Equal(sequences)
    return _InGraph(sequences) if torch.compiler.is_compiling() else _Packed(sequences)


class _Equal(Layout):
    """All sequences of equal length."""

    def __init__(self, sequences: Ragged) -> None:
        self._like = sequences

    def rows(self, sequences: Ragged) -> Tensor:
        return sequences.data.flatten(0, 1)

    def formed(self, rows: Tensor) -> Ragged:
        return self._like.with_data(rows.view(self._like.steps, self._like.batch, rows.shape[-1]))


class _Packed(Layout):
    """Longest first, without padding, as torch packs them."""

    def __init__(self, sequences: Ragged) -> None:
        self._like = sequences.as_packed()
        packed = self._like.packed
        self.sizes, self.order, self.back = packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices

    def rows(self, sequences: Ragged) -> Tensor:
        return sequences.packed.data

    def formed(self, rows: Tensor) -> Ragged:
        return self._like.with_rows(rows)


class _InGraph(Layout):
    """Longest first, all padding at the end: no shape depends on the lengths, as torch's graphs require."""

    def __init__(self, sequences: Ragged) -> None:
        assert sequences.lengths is not None
        self._like = sequences
        lengths, order = sequences.lengths.sort(descending=True, stable=True)
        self.order, self.back = order, order.argsort()
        self._valid = torch.arange(sequences.steps)[:, None] < lengths
        self.sizes = self._valid.sum(1)
        self._places = (~self._valid).flatten().to(torch.int8).argsort(stable=True)

    def rows(self, sequences: Ragged) -> Tensor:
        data = sequences.data.index_select(1, self.order)  # pyright: ignore
        valid = data.where(self._valid[..., None], data.new_zeros(()))
        return valid.flatten(0, 1).index_select(0, self._places)

    def formed(self, rows: Tensor) -> Ragged:
        padded = rows.index_select(0, self._places.argsort())
        shape = (self._like.steps, self._like.batch, rows.shape[-1])
        return self._like.with_data(padded.view(shape).index_select(1, self.back))  # pyright: ignore
