"""One direction, from the last step to the first."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence
from torch.testing import assert_close

import throughtime
from throughtime import LSTM, Cell, Recurrent
from throughtime.layers.torch_kernels import KERNELS
from tolerances import tolerance

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")

T, B = 6, 4
LENGTHS = [2, 6, 0, 4]


def pair(cell: Cell, backend: str, **options: object) -> tuple[Recurrent, Recurrent]:
    """A layer backwards, and the bidirectional one whose backward half has its weights."""
    shape = dict(dtype=torch.float64, backend=backend, **options)
    ours = Recurrent(cell, 3, 4, reverse=True, **shape)  # type: ignore[arg-type]
    both = Recurrent(cell, 3, 4, bidirectional=True, **shape)  # type: ignore[arg-type]
    weights = ours.state_dict()
    both.load_state_dict({**weights, **{f"{name}_reverse": value for name, value in weights.items()}})
    return ours, both


def backends(cell: Cell) -> list[str]:
    return ["compiled", "reference", *(["torch"] if type(cell) in KERNELS else [])]


def parts(state: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (state,) if isinstance(state, Tensor) else state


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["equal", "ragged"])
def test_it_is_the_backward_half_of_a_bidirectional_layer(cell: Cell, lengths: list[int] | None) -> None:
    x = torch.randn(T, B, 3, dtype=torch.float64, requires_grad=True)
    for backend in backends(cell):
        ours, both = pair(cell, backend)
        assert list(ours.state_dict()) == [name for name in both.state_dict() if "reverse" not in name]
        output, last = ours(x, lengths=lengths)
        expected, after = both(x, lengths=lengths)
        expected = expected[..., cell.output_size(4) :]
        found = [output, *parts(last)]
        wanted = [expected, *(part[1:] for part in parts(after))]
        assert_close(found, wanted, **tolerance("forward", torch.float64))
        seeds = [torch.randn_like(one) for one in found]
        d_found = torch.autograd.grad(found, [x, *ours.parameters()], seeds)
        theirs = [p for name, p in both.named_parameters() if name.endswith("_reverse")]
        d_wanted = torch.autograd.grad(wanted, [x, *theirs], seeds)
        assert_close(d_found, d_wanted, **tolerance("gradient", torch.float64))


def test_all_layers_of_a_stack_read_backwards(cell: Cell) -> None:
    x = torch.randn(T, B, 3, dtype=torch.float64)
    for backend in backends(cell):
        options = dict(num_layers=2, dtype=torch.float64, backend=backend)
        ours, theirs = Recurrent(cell, 3, 4, reverse=True, **options), Recurrent(cell, 3, 4, **options)  # type: ignore[arg-type]
        theirs.load_state_dict(ours.state_dict())
        output, last = ours(x)
        expected, after = theirs(x.flip(0))
        assert_close((output, last), (expected.flip(0), after), **tolerance("forward", torch.float64))


@pytest.mark.parametrize("enforce_sorted", [True, False])
def test_packed_and_unbatched_and_batch_first(enforce_sorted: bool) -> None:
    lengths = [6, 3, 3, 1] if enforce_sorted else [3, 1, 6, 3]
    ours, first = LSTM(3, 4, 2, reverse=True), LSTM(3, 4, 2, reverse=True, batch_first=True)
    first.load_state_dict(ours.state_dict())
    x = torch.randn(T, B, 3)
    expected, after = ours(x, lengths=lengths)
    packed, last = ours(pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=enforce_sorted))
    assert isinstance(packed, PackedSequence)
    assert_close(pad_packed_sequence(packed)[0], expected, **tolerance("forward", torch.float32))
    assert_close(last, after, **tolerance("forward", torch.float32))
    turned, _ = first(x.transpose(0, 1), lengths=lengths)
    assert_close(turned.transpose(0, 1), expected, **tolerance("forward", torch.float32))
    alone, (h, _) = ours(x[: lengths[1], 1])
    assert_close(
        (alone, h), (expected[: lengths[1], 1], after[0][:, 1]), **tolerance("forward", torch.float32)
    )


def test_the_first_state_stands_behind_the_last_step() -> None:
    layer, x = LSTM(3, 4, reverse=True), torch.randn(T, B, 3)
    whole, last = layer(x)
    behind, state = layer(x[4:])
    before, found = layer(x[:4], state)
    assert_close(torch.cat([before, behind]), whole, **tolerance("forward", torch.float32))
    assert_close(found, last, **tolerance("forward", torch.float32))


def test_observed_values_are_in_the_order_of_the_input() -> None:
    layer = LSTM(3, 4, reverse=True, backend="compiled")
    output, (h, c), (gates,) = layer.observe(torch.randn(T, B, 3))
    memory = torch.zeros(B, 4)
    for t in reversed(range(T)):
        memory = gates["f"][t] * memory + gates["i"][t] * gates["g"][t]
        assert_close(output[t], gates["o"][t] * memory.tanh(), **tolerance("forward", torch.float32))
    assert_close((memory, output[0]), (c[0], h[0]), **tolerance("forward", torch.float32))


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_namesakes_take_it_without_gradients_too(kind: str) -> None:
    layer, ahead = (getattr(throughtime, kind)(3, 4, reverse=reverse).eval() for reverse in (True, False))
    ahead.load_state_dict(layer.state_dict())
    x = torch.randn(T, B, 3)
    with torch.inference_mode():
        assert_close(layer(x)[0], ahead(x.flip(0))[0].flip(0), **tolerance("forward", torch.float32))
    assert "reverse=True" in repr(layer) and "reverse" not in repr(ahead)


def test_what_excludes_one_another() -> None:
    text = r"^a bidirectional layer reads both ways; leave out `reverse` or `bidirectional`$"
    with pytest.raises(ValueError, match=text):
        LSTM(3, 4, bidirectional=True, reverse=True)
    with pytest.raises(
        ValueError, match=r"^a layer with reverse=True cannot stream: it begins at the last step$"
    ):
        LSTM(3, 4, reverse=True).stream()
