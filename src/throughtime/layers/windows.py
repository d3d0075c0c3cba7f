"""Truncated back-propagation through time: sequences cut into windows between which a state is carried.

All sequences stand one behind the other on a circle. It is cut into rows of equal length, which a batch holds
side by side, and each row into windows of a limited number of steps, none of which goes beyond the end of a
sequence. A row's state passes from window to window, and is new where a sequence begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from throughtime.cells import Cell
from throughtime.layers.forms import State

Places = NDArray[np.int64]


class Window(NamedTuple):
    """One window of each row; a row that has ended has length 0."""

    starts: Places  # (B,) on the circle
    lengths: Places  # (B,)
    new: NDArray[np.bool_]  # (B,) whether the state is


@dataclass(frozen=True)
class Plan:
    """The windows of an epoch: batch n is window n // lanes of the rows of lane n % lanes.

    A lane is what one process trains on, so that each carries the states of its own rows.
    """

    starts: Places  # (windows, lanes, B), as the others
    lengths: Places
    new: NDArray[np.bool_]

    def __len__(self) -> int:
        return self.starts.shape[0] * self.starts.shape[1]

    def __getitem__(self, number: int) -> Window:
        at = divmod(number, self.starts.shape[1])
        return Window(self.starts[at], self.lengths[at], self.new[at])


@dataclass
class Batch:
    """A window of each row of steps with targets."""

    inputs: Tensor  # (T, B) or (T, B, C)
    targets: Tensor  # (T, B)
    lengths: Tensor | None  # (B,), on the CPU, where rows differ
    window: Window

    def to(self, device: torch.device | str) -> Batch:
        """Return the batch with its steps on a device."""
        return Batch(self.inputs.to(device), self.targets.to(device), self.lengths, self.window)


@dataclass(frozen=True)
class Batches:
    """The batches of an epoch, each read when it is asked for.

    read: returns inputs and targets at places (T, B) of the circle, given which of them (T, B) are within
    their rows; the others repeat the last place of their row.
    total: steps of the circle.
    """

    read: Callable[[Places, NDArray[np.bool_]], tuple[NDArray[Any], NDArray[Any]]]
    total: int
    plan: Plan

    def __len__(self) -> int:
        return len(self.plan)

    def __getitem__(self, number: int) -> Batch:
        window = self.plan[number]
        longest = max(1, int(window.lengths.max()))
        steps = np.arange(longest)[:, None]
        inside = np.minimum(steps, np.maximum(window.lengths - 1, 0))
        places = (window.starts + inside) % self.total
        lengths = None if (window.lengths == longest).all() else torch.from_numpy(window.lengths)
        inputs, targets = self.read(places, steps < window.lengths)
        return Batch(torch.from_numpy(inputs), torch.from_numpy(targets), lengths, window)


def plan(ends: Places, rows: int, steps: int, shift: int = 0, lanes: int = 1) -> Plan:
    """Return the windows of sequences that end before the places `ends`, of which the last is the total.

    Args:
        ends: in ascending order, at least one.
        rows: rows of a batch; fewer where there are not as many steps.
        steps: most steps of a window.
        shift: where on the circle the first row begins.
        lanes: number of processes, each with that many rows.
    """
    total = int(ends[-1])
    rows = lanes * max(1, min(rows, total // lanes))
    edges = shift + total * np.arange(rows + 1) // rows
    twice = np.concatenate([ends, ends + total])
    cut = [_cut(twice, first, last, steps) for first, last in pairwise(edges.tolist())]
    windows = np.zeros((2, max(starts.size for starts, _ in cut), rows), np.int64)
    for row, values in enumerate(cut):
        windows[:, : values[0].size, row] = values
    starts, lengths = windows.reshape(2, -1, lanes, rows // lanes)
    starts %= total
    new = np.isin(starts, ends % total)
    new[0] = True
    return Plan(starts, lengths, new)


def whole(ends: Places, rows: int, order: Places, lanes: int = 1) -> Plan:
    """Return windows that are whole sequences, each with a new state.

    Args:
        ends: the place behind each sequence, in ascending order.
        rows: sequences of a batch.
        order: numbers of the sequences, in the order in which they are read.
        lanes: number of processes, each with that many rows.
    """
    lengths = np.diff(ends, prepend=0)[order]
    shape = -(-len(order) // (lanes * rows)), lanes, rows
    windows = np.zeros((2, shape[0] * lanes * rows), np.int64)
    windows[:, : len(order)] = ends[order] - lengths, lengths
    return Plan(windows[0].reshape(shape), windows[1].reshape(shape), np.ones(shape, np.bool_))


def _cut(ends: Places, first: int, last: int, steps: int) -> tuple[Places, Places]:
    """Return start and length of each window from `first` to `last`."""
    inside = ends[np.searchsorted(ends, first, "right") : np.searchsorted(ends, last)]
    begins, stops = np.concatenate([[first], inside]), np.concatenate([inside, [last]])
    pieces = -(-(stops - begins) // steps)  # of each sequence, rounded up
    before = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    starts = np.repeat(begins, pieces) + before * steps
    return starts, np.minimum(np.repeat(stops, pieces) - starts, steps)


@torch.no_grad()
def read_whole(
    read: Callable[[Tensor, Tensor | None], Tensor],
    inputs: NDArray[np.float32],
    ends: Places,
    most: int = 1 << 16,
) -> Tensor:
    """Return what is read from whole sequences, (N, ...) in their order; several are read side by side.

    Args:
        read: returns (T, B, ...) for inputs (T, B, C) and lengths (B,), None where all are T.
        inputs: (N, C).
        ends: the place behind each sequence.
        most: steps, with padding, that are read at once, unless a single sequence has more.
    """
    lengths = torch.from_numpy(np.diff(ends, prepend=0))
    pieces = torch.tensor(inputs).split(lengths.tolist())
    parts, order = dict[int, Tensor](), lengths.argsort(descending=True, stable=True)
    while len(order):
        longest = int(lengths[order[0]])
        chosen, order = order.tensor_split([max(1, most // longest)])
        own = lengths[chosen]
        padded = pad_sequence([pieces[k] for k in chosen.tolist()])
        result = read(padded, None if bool((own == longest).all()) else own)
        rows = zip(chosen.tolist(), own.tolist(), result.unbind(1), strict=True)
        parts |= {k: row[:length].cpu() for k, length, row in rows}
    return torch.cat([parts[k] for k in range(len(pieces))])


class Carried:
    """The state of each row between two windows."""

    def __init__(self, cell: Cell) -> None:
        self._cell, self._state = cell, tuple[Tensor, ...]()

    def before(self, window: Window) -> State | None:
        """Return the state to begin a window with, None for the cell's own everywhere."""
        if not self._state or window.new.all():
            return None
        new = torch.from_numpy(window.new).to(self._state[0].device)[:, None]
        named = zip(self._cell.state, self._state, strict=True)
        parts = tuple(torch.where(new, self._cell.initial_state(name, part), part) for name, part in named)
        return parts[0] if len(parts) == 1 else parts

    def keep(self, state: State) -> None:
        """Carry a state on; no gradient passes to the window before."""
        parts = (state,) if isinstance(state, Tensor) else state
        self._state = tuple(part.detach() for part in parts)

    def tensors(self) -> dict[str, Tensor]:
        """Return the state, by the names of the cell."""
        return dict(zip(self._cell.state, self._state, strict=False))

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Continue with what `tensors` returned."""
        self._state = tuple(tensors[name] for name in self._cell.state if name in tensors)
