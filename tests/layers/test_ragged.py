"""Sequences of unequal length: what lies behind their end takes no part, in whatever form they come."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pack_sequence, pad_packed_sequence
from torch.testing import assert_close

from throughtime import GRU, LSTM, RNN, Cell, Recurrent
from throughtime.layers.ragged import Ragged, pack_like, ragged, unpack
from tolerances import tolerance

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")

T, B, INPUT, HIDDEN = 6, 4, 3, 4
LENGTHS = [2, 6, 1, 4]
BY_TORCH = ("Elman", "ElmanReLU", "LSTM", "ProjectedLSTM", "GRU")


def _layers(cell: Cell, backends: tuple[str, ...] = ("reference", "torch")) -> list[Recurrent]:
    """Two layers both ways in float64, on each backend that runs the cell, with the same weights."""
    able = [name for name in backends if name != "torch" or cell.name in BY_TORCH]
    shape = dict(num_layers=2, bidirectional=True, dtype=torch.float64)
    layers = [Recurrent(cell, INPUT, HIDDEN, backend=backend, **shape) for backend in able]  # type: ignore[arg-type]
    for layer in layers[1:]:
        layer.load_state_dict(layers[0].state_dict())
    return layers


def _behind(lengths: list[int]) -> Tensor:
    """(T, B, 1), True behind the last step of each sequence."""
    return (torch.arange(T)[:, None] >= torch.tensor(lengths))[..., None]


def _states(layer: Recurrent, batch: int) -> tuple[Tensor, ...]:
    sizes = layer.cell.state_sizes(HIDDEN).values()
    return tuple(torch.rand(4, batch, size, dtype=torch.float64) for size in sizes)


def _hx(parts: tuple[Tensor, ...]) -> Tensor | tuple[Tensor, ...]:
    return parts if len(parts) > 1 else parts[0]


def _parts(state: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (state,) if isinstance(state, Tensor) else state


def test_each_row_is_as_if_it_were_alone(cell: Cell) -> None:
    x = torch.randn(T, B, INPUT, dtype=torch.float64)
    for layer in _layers(cell):
        first = _states(layer, B)
        output, last = layer(x, _hx(first), lengths=LENGTHS)
        assert output.shape == (T, B, layer.output_size)
        for b, length in enumerate(LENGTHS):
            alone, after = layer(x[:length, b], _hx(tuple(part[:, b] for part in first)))
            assert_close(output[:length, b], alone, **tolerance("forward", torch.float64))
            for part, expected in zip(_parts(last), _parts(after), strict=True):
                assert_close(part[:, b], expected, **tolerance("forward", torch.float64))


def test_padding_changes_no_output_state_or_gradient(cell: Cell) -> None:
    clean = torch.randn(T, B, INPUT, dtype=torch.float64)
    behind = torch.arange(T)[:, None] >= torch.tensor(LENGTHS)
    for layer in _layers(cell):
        first = tuple(part.requires_grad_() for part in _states(layer, B))
        found: list[list[Tensor]] = []
        for padding in (0.0, math.nan, math.inf):
            x = clean.masked_fill(behind[..., None], padding).requires_grad_()
            output, last = layer(x, _hx(first), lengths=LENGTHS)
            results = [output, *_parts(last)]
            loss = sum((result * result).sum() for result in results)
            found.append([*results, *torch.autograd.grad(loss, [x, *first, *layer.parameters()])])  # type: ignore[list-item]
            assert output[behind].eq(0).all()
            assert found[-1][len(results)][behind].eq(0).all(), "the padding has a gradient"
        for other in found[1:]:
            assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))


@pytest.mark.parametrize("order", ["sorted", "unsorted", "as sorted by torch"])
def test_packed_is_padded_with_lengths(cell: Cell, order: str) -> None:
    lengths = torch.tensor([6, 4, 2, 1] if order == "sorted" else LENGTHS)
    x = torch.randn(T, B, INPUT, dtype=torch.float64)
    packed = pack_padded_sequence(x, lengths, enforce_sorted=order == "sorted")
    if order == "as sorted by torch":
        packed = pack_sequence([x[:length, b] for b, length in enumerate(lengths)], enforce_sorted=False)
    for layer in _layers(cell):
        first = _hx(_states(layer, B))
        output, last = layer(packed, first)
        expected, after = layer(x, first, lengths=lengths)
        assert isinstance(output, PackedSequence)
        padded, counts = pad_packed_sequence(output)
        assert counts.tolist() == lengths.tolist()
        assert torch.equal(padded, expected)
        assert all(torch.equal(a, b) for a, b in zip(_parts(last), _parts(after), strict=True))


@pytest.mark.parametrize("enforce_sorted", [True, False])
@pytest.mark.parametrize("backend", ["torch", "reference"])
@pytest.mark.parametrize(("ours", "theirs"), [(LSTM, nn.LSTM), (GRU, nn.GRU), (RNN, nn.RNN)])
def test_a_packed_result_is_laid_out_as_torchs(ours, theirs, backend: str, enforce_sorted: bool) -> None:
    lengths = [5, 3, 3, 1] if enforce_sorted else [3, 1, 5, 3]
    packed = pack_padded_sequence(
        torch.randn(5, 4, INPUT), torch.tensor(lengths), enforce_sorted=enforce_sorted
    )
    layer, reference = (
        ours(INPUT, HIDDEN, backend=backend, batch_first=True),
        theirs(INPUT, HIDDEN, batch_first=True),
    )
    layer.load_state_dict(reference.state_dict())
    found, expected = layer(packed)[0], reference(packed)[0]
    assert_close(found.data, expected.data, **tolerance("forward", torch.float32))
    assert torch.equal(found.batch_sizes, expected.batch_sizes)
    for name in ("sorted_indices", "unsorted_indices"):
        a, b = getattr(found, name), getattr(expected, name)
        assert (a is None and b is None) or torch.equal(a, b)


@pytest.mark.parametrize("backend", ["torch", "reference"])
@pytest.mark.parametrize("batch_first", [False, True])
def test_lengths_give_what_packing_around_torch_gives(backend: str, batch_first: bool) -> None:
    theirs = nn.LSTM(INPUT, HIDDEN, 2, batch_first=batch_first, bidirectional=True)
    ours = LSTM(INPUT, HIDDEN, 2, batch_first=batch_first, bidirectional=True, backend=backend)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn((B, T, INPUT) if batch_first else (T, B, INPUT))
    lengths = torch.tensor([2, 5, 1, 4])  # the longest is shorter than the padded input
    output, last = ours(x, lengths=lengths)
    packed, after = theirs(pack_padded_sequence(x, lengths, batch_first, enforce_sorted=False))
    expected, _ = pad_packed_sequence(packed, batch_first, total_length=T)
    assert_close((output, *last), (expected, *after), **tolerance("forward", torch.float32))


@settings(max_examples=25, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=6),
    extra=st.integers(0, 2),
    seed=st.integers(0, 99),
)
def test_any_lengths_on_both_back_ends(lengths: list[int], extra: int, seed: int) -> None:
    torch.manual_seed(seed)
    layers = [
        LSTM(INPUT, HIDDEN, bidirectional=True, dtype=torch.float64, backend=b)
        for b in ("reference", "torch")
    ]
    layers[1].load_state_dict(layers[0].state_dict())
    x = torch.randn(max(lengths) + extra, len(lengths), INPUT, dtype=torch.float64)
    (output, last), (expected, after) = (layer(x, lengths=lengths) for layer in layers)
    assert_close((output, *last), (expected, *after), **tolerance("forward", torch.float64))
    assert output[max(lengths) :].eq(0).all()


@pytest.mark.parametrize(
    "lengths",
    [LENGTHS, tuple(LENGTHS), torch.tensor(LENGTHS), torch.tensor(LENGTHS, dtype=torch.int32)],
    ids=["list", "tuple", "int64", "int32"],
)
def test_lengths_in_every_form(lengths) -> None:
    found = ragged(torch.zeros(T, B, INPUT), lengths)
    assert found.lengths is not None
    assert found.lengths.dtype == torch.int64
    assert found.lengths.tolist() == LENGTHS
    assert found.valid().sum(0).tolist() == LENGTHS
    assert found.valid()[:2].tolist() == [[True] * 4, [True, True, False, True]]


def test_full_lengths_are_as_good_as_none() -> None:
    assert ragged(torch.zeros(T, B, INPUT), [T] * B).lengths is None
    assert ragged(torch.zeros(T, B, INPUT), None).valid().all()


def test_an_unbatched_sequence_takes_its_one_length() -> None:
    layer, x = LSTM(INPUT, HIDDEN), torch.randn(T, INPUT)
    output, last = layer(x, lengths=[4])
    expected, after = layer(x[:4])
    assert_close((output[:4], *last), (expected, *after), **tolerance("forward", torch.float32))
    assert output[4:].eq(0).all()


def test_packing_undoes_unpacking() -> None:
    x = torch.randn(T, B, INPUT)
    for lengths, enforce_sorted in (
        (LENGTHS, False),
        ([6, 4, 2, 1], True),
        ([T] * B, True),
        ([3] * B, False),
    ):
        packed = pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=enforce_sorted)
        sequences = unpack(packed)
        assert torch.equal(pack_like(sequences, packed).data, packed.data)
        assert isinstance(sequences, Ragged)


@pytest.mark.parametrize(
    ("lengths", "text"),
    [
        ([1, 2], r"lengths must be 4 whole numbers, one per sequence; got torch.int64 of \(2,\)"),
        (3, r"lengths must be 4 whole numbers, one per sequence; got torch.int64 of \(\)"),
        (
            [1.0, 2.0, 3.0, 4.0],
            r"lengths must be 4 whole numbers, one per sequence; got torch.float32 of \(4,\)",
        ),
        (
            torch.ones(4, 6),
            r"lengths must be 4 whole numbers, one per sequence; got torch.float32 of \(4, 6\)",
        ),
        ([-1, 1, 2, 3], "lengths must lie between 0 and 6; got -1 to 3"),
        ([1, 2, 3, 7], "lengths must lie between 0 and 6; got 1 to 7"),
    ],
    ids=["too few", "one number", "real numbers", "a mask", "negative", "too long"],
)
def test_wrong_lengths(lengths, text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}$"):
        LSTM(INPUT, HIDDEN)(torch.zeros(T, B, INPUT), lengths=lengths)


@pytest.mark.parametrize("lengths", [[0, 6, 0, 3], [0, 0, 0, 0], [5, 0, 0, 0]], ids=str)
def test_an_empty_sequence_ends_in_its_first_state(cell: Cell, lengths: list[int]) -> None:
    x = torch.randn(T, B, INPUT, dtype=torch.float64).masked_fill(_behind(lengths), math.nan).requires_grad_()
    for layer in _layers(cell, backends=("compiled", "reference", "torch")):
        first = tuple(part.requires_grad_() for part in _states(layer, B))
        output, last = layer(x, _hx(first), lengths=lengths)
        results = [output, *_parts(last)]
        loss = sum((result * result).sum() for result in results)
        d_x, *d_first = torch.autograd.grad(loss, [x, *first], allow_unused=True)  # type: ignore[arg-type]
        assert output[_behind(lengths)[..., 0]].eq(0).all()
        assert d_x is not None and d_x[_behind(lengths)[..., 0]].eq(0).all() and d_x.isfinite().all()
        for b, length in enumerate(lengths):
            own = tuple(part[:, b] for part in first)
            if length:
                alone, after = layer(x[:length, b], _hx(own))
                assert_close(output[:length, b], alone, **tolerance("forward", torch.float64))
                assert_close(
                    _hx(tuple(p[:, b] for p in _parts(last))), after, **tolerance("forward", x.dtype)
                )
                continue
            for part, d, begun in zip(_parts(last), d_first, own, strict=True):
                assert torch.equal(part[:, b], begun)
                assert_close(d[:, b], 2 * begun, **tolerance("gradient", torch.float64))


@pytest.mark.parametrize("backend", ["compiled", "reference", "torch"])
def test_a_batch_of_empty_sequences_alone_has_gradients_of_0(backend: str) -> None:
    layer = LSTM(INPUT, HIDDEN, 2, bidirectional=True, backend=backend)
    x = torch.randn(T, B, INPUT, requires_grad=True)
    output, (h, c) = layer(x, lengths=[0] * B)
    assert not output.any() and not h.any() and not c.any()
    output.sum().backward()
    assert x.grad is not None and not x.grad.any()


@pytest.mark.parametrize("backend", ["compiled", "reference", "torch"])
@pytest.mark.parametrize(
    "valid",
    [{}, dict(lengths=[]), dict(mask=torch.ones(T, 0, dtype=torch.bool))],
    ids=lambda one: str(set(one)),
)
def test_a_batch_of_no_sequences(backend: str, valid: dict[str, object]) -> None:
    ours, theirs = LSTM(INPUT, HIDDEN, 2, backend=backend), nn.LSTM(INPUT, HIDDEN, 2)
    x = torch.randn(T, 0, INPUT, requires_grad=True)
    found, expected = ours(x, **valid), theirs(x)
    assert found[0].shape == expected[0].shape and [p.shape for p in found[1]] == [
        p.shape for p in expected[1]
    ]
    found[0].sum().backward()
    assert x.grad is not None and x.grad.shape == x.shape
    grads = [parameter.grad for parameter in ours.parameters()]
    assert all(grad is not None and not grad.any() for grad in grads)
    with torch.no_grad():
        assert ours.eval()(x, **valid)[0].shape == (T, 0, HIDDEN)


def test_a_packed_sequence_brings_its_own_lengths() -> None:
    packed = pack_padded_sequence(torch.zeros(T, B, INPUT), torch.tensor(LENGTHS), enforce_sorted=False)
    with pytest.raises(ValueError, match=r"^a PackedSequence brings its own lengths; leave out `lengths`$"):
        LSTM(INPUT, HIDDEN)(packed, lengths=LENGTHS)
