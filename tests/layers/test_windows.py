"""Windows of truncated back-propagation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from throughtime.cells import cell_named
from throughtime.layers.windows import Carried, Window, plan


@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=12),
    rows=st.integers(1, 7),
    steps=st.integers(1, 15),
    shift=st.integers(0, 500),
    lanes=st.integers(1, 3),
)
def test_every_step_is_in_one_window_and_no_window_in_two_sequences(
    lengths: list[int], rows: int, steps: int, shift: int, lanes: int
) -> None:
    ends = np.cumsum(lengths)
    total = int(ends[-1])
    if total < lanes:
        return
    windows = plan(ends, rows, steps, shift % total, lanes)
    seen: list[int] = []
    for number in range(len(windows)):
        window = windows[number]
        for start, length in zip(window.starts, window.lengths, strict=True):
            places = [int(place) for place in (start + np.arange(length)) % total]
            assert len(places) <= steps
            assert len({_sequence(ends, place) for place in places}) <= 1
            seen += places
    assert sorted(seen) == list(range(total))


def _sequence(ends: NDArray[np.int64], place: int) -> int:
    return int(np.searchsorted(ends, place, "right"))


def test_a_state_is_new_where_a_sequence_begins_and_at_the_first_window() -> None:
    windows = plan(np.array([5, 12]), 1, 3)
    assert len(windows) == 5
    assert [int(windows[n].starts[0]) for n in range(5)] == [0, 3, 5, 8, 11]
    assert [int(windows[n].lengths[0]) for n in range(5)] == [3, 2, 3, 3, 1]
    assert [bool(windows[n].new[0]) for n in range(5)] == [True, False, True, False, False]
    assert plan(np.array([5, 12]), 1, 3, shift=4)[0].new.all()


def test_rows_follow_one_another_and_lanes_take_turns() -> None:
    windows = plan(np.array([24]), 2, 4, lanes=2)
    assert len(windows) == 4
    assert [windows[n].starts.tolist() for n in range(4)] == [[0, 6], [12, 18], [4, 10], [16, 22]]
    assert windows[2].lengths.tolist() == [2, 2]


def test_a_row_that_has_ended_waits() -> None:
    windows = plan(np.array([8, 9, 10, 11, 12, 13, 14, 15, 16]), 2, 8)
    lengths = np.stack([windows[n].lengths for n in range(len(windows))])
    assert lengths.tolist() == [[8, 1]] + [[0, 1]] * 7


def test_fewer_steps_than_rows() -> None:
    assert len(plan(np.array([3]), 10, 5)[0].starts) == 3


@pytest.mark.parametrize("name", ["lstm", "gru", "slstm"])
def test_states_pass_on_but_to_where_they_are_new(name: str) -> None:
    cell = cell_named(name)
    carried = Carried(cell)
    new = Window(np.zeros(2, np.int64), np.ones(2, np.int64), np.array([True, False]))
    assert carried.before(new) is None
    parts = tuple(torch.rand(3, 2, 4, requires_grad=True) for _ in cell.state)
    carried.keep(parts[0] if len(parts) == 1 else parts)
    before = carried.before(new)
    before = (before,) if isinstance(before, torch.Tensor) else before
    assert before is not None
    for state, part, own in zip(cell.state, before, parts, strict=True):
        assert torch.equal(part[:, 0], cell.initial_state(state, own[:, 0]))
        assert torch.equal(part[:, 1], own[:, 1])
        assert not part.requires_grad
    assert carried.before(new._replace(new=np.array([True, True]))) is None


def test_what_is_carried_can_be_saved() -> None:
    cell = cell_named("lstm")
    first, second = Carried(cell), Carried(cell)
    assert first.tensors() == {}
    first.keep((torch.rand(1, 2, 3), torch.rand(1, 2, 3)))
    second.load_tensors({name: tensor.clone() for name, tensor in first.tensors().items()})
    assert {*second.tensors()} == {"h", "c"}
    assert torch.equal(second.tensors()["c"], first.tensors()["c"])
    second.load_tensors({})
    assert second.tensors() == {}
