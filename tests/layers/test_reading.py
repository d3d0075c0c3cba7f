"""Steps in the order in which a layer reads them, and back."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from throughtime.layers.ragged import ragged
from throughtime.layers.reading import in_direction, reading

SIZES = st.tuples(st.integers(1, 7), st.integers(0, 5), st.integers(0, 999))


@given(SIZES, st.booleans())
def test_the_valid_steps_come_first_and_all_go_back(size: tuple[int, int, int], reverse: bool) -> None:
    steps, batch, seed = size
    torch.manual_seed(seed)
    data, mask = torch.randn(steps, batch, 2), torch.rand(steps, batch) < torch.rand(())
    found = reading(data, None, mask, reverse)
    lengths = found.sequences.lengths
    assert torch.equal(torch.full((batch,), steps) if lengths is None else lengths, mask.sum(0))
    for b in range(batch):
        valid = data[mask[:, b], b]
        expected = valid.flip(0) if reverse else valid
        assert torch.equal(found.sequences.data[: len(valid), b], expected)
    assert torch.equal(found.restored(found.sequences).data, data)


@given(SIZES)
def test_lengths_backwards_and_back(size: tuple[int, int, int]) -> None:
    steps, batch, seed = size
    torch.manual_seed(seed)
    data, lengths = torch.randn(steps, batch, 2), torch.randint(0, steps + 1, (batch,))
    padded = ragged(data, lengths)
    for sequences in (padded, padded.as_packed() if batch else padded, ragged(data, None)):
        found = in_direction(sequences, reverse=True)
        for b, valid in enumerate(sequences.valid().T):
            expected = data[valid, b].flip(0)
            assert torch.equal(found.sequences.data[: len(expected), b], expected)
        assert torch.equal(found.restored(found.sequences).data, sequences.data)


def test_steps_in_their_own_order_are_not_moved() -> None:
    data, lengths = torch.randn(5, 3, 2), torch.tensor([2, 0, 5])
    mask = torch.arange(5)[:, None] < lengths
    for found in (
        reading(data, None, None, False),
        reading(data, lengths, None, False),
        reading(data, None, mask, False),
        reading(data, None, torch.ones(5, 3, dtype=torch.bool), False),
    ):
        assert found.sequences.form is data and found.back is None
        assert found.restored(found.sequences) is found.sequences
