"""One step at a time gives what the whole sequence gives."""

from __future__ import annotations

import pytest
import torch
from torch.testing import assert_close

from throughtime import LSTM, RNN, Cell, Recurrent, Stream
from tolerances import tolerance


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_stream_is_the_whole(cell: Cell, bias: bool) -> None:
    layer = Recurrent(cell, 3, 5, num_layers=2, bias=bias, dtype=torch.float64)
    x = torch.randn(6, 4, 3, dtype=torch.float64)
    expected, last = layer(x)
    stream = layer.stream(batch_size=4)
    assert isinstance(stream, Stream)
    found = torch.stack([stream.step(row) for row in x])
    assert_close(found, expected.detach(), **tolerance("forward", torch.float64))
    for name, part in zip(cell.state, last if isinstance(last, tuple) else (last,), strict=True):
        states = torch.stack([state[name] for state in stream.state])
        assert_close(states, part.detach(), **tolerance("forward", torch.float64))


def test_a_stream_of_one_takes_vectors() -> None:
    layer, x = LSTM(3, 4), torch.randn(5, 3)
    stream = layer.stream()
    found = torch.stack([stream.step(row) for row in x])
    assert_close(found, layer(x)[0].detach(), **tolerance("forward", torch.float32))


def test_state_goes_over_between_stream_and_sequence() -> None:
    layer, x = LSTM(3, 4, num_layers=2), torch.randn(6, 2, 3)
    whole, _ = layer(x)
    stream = layer.stream(2)
    for row in x[:3]:
        stream.step(row)
    hx = tuple(torch.stack([state[name] for state in stream.state]) for name in ("h", "c"))
    rest, last = layer(x[3:], hx)
    assert_close(rest, whole[3:], **tolerance("forward", torch.float32))
    stream.state = [{"h": last[0][k].detach(), "c": last[1][k].detach()} for k in range(2)]
    after = layer(x[:1], last)[0][0].detach()
    assert_close(stream.step(x[0]), after, **tolerance("forward", torch.float32))


def test_reset_begins_again(cell: Cell) -> None:
    stream, x = Recurrent(cell, 3, 4).stream(2), torch.randn(2, 3)
    first = stream.step(x)
    assert not torch.equal(first, stream.step(x))
    stream.reset()
    assert torch.equal(first, stream.step(x))


def test_dropout_takes_no_part_and_nothing_asks_for_gradients() -> None:
    layer, x = LSTM(3, 4, num_layers=2, dropout=0.9), torch.randn(5, 2, 3)
    stream = layer.stream(2)
    found = [stream.step(row) for row in x]
    assert_close(torch.stack(found), layer.eval()(x)[0].detach(), **tolerance("forward", torch.float32))
    assert not any(row.requires_grad for row in found)


def test_two_streams_of_one_layer_do_not_meet() -> None:
    layer, x = RNN(3, 4), torch.randn(2, 1, 3)
    one, other = layer.stream(), layer.stream()
    one.step(x[0])
    assert torch.equal(other.step(x[1]), layer.stream().step(x[1]))


@pytest.mark.parametrize("backend", ["auto", "reference"])
def test_a_stream_holds_its_weights_until_it_is_refreshed(backend: str) -> None:
    layer, x = LSTM(3, 4, num_layers=2, backend=backend), torch.randn(3, 2, 3)
    stream, other = layer.stream(2), layer.stream(2)
    with torch.no_grad():
        layer.weight_hh_l1.data[1, 2] += 1
        layer.weight_ih_l0[0, 0] += 1
    found = [stream.step(x[0]), stream.step(x[1])]
    stream.refresh()
    assert not torch.equal(stream.step(x[2]), [other.step(row) for row in x][2])
    stream.reset()
    expected = layer(x)[0].detach()
    assert not torch.allclose(torch.stack(found), expected[:2])
    found = [stream.step(row) for row in x]
    assert_close(torch.stack(found), expected, **tolerance("forward", torch.float32))


@pytest.mark.parametrize("backend", ["auto", "reference"])
def test_a_step_on_another_device(backend: str) -> None:
    stream = LSTM(3, 4, backend=backend).stream()
    with pytest.raises(ValueError, match=r"^this stream takes steps on cpu, as the weights; got meta$"):
        stream.step(torch.zeros(3, device="meta"))


def test_a_layer_in_both_directions_cannot_stream() -> None:
    text = r"^a bidirectional layer cannot stream: its backward half begins at the last step$"
    with pytest.raises(ValueError, match=text):
        LSTM(3, 4, bidirectional=True).stream()


@pytest.mark.parametrize("shape", [(1, 4), (3, 3), (3,), (1, 2, 3), (2,)])
def test_a_step_of_another_shape(shape: tuple[int, ...]) -> None:
    stream = LSTM(3, 4).stream(2)
    got = repr(tuple(shape)).replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(ValueError, match=rf"^this stream takes steps of shape \(2, 3\); got {got}$"):
        stream.step(torch.zeros(shape))


def test_a_stream_of_none() -> None:
    with pytest.raises(ValueError, match=r"^batch_size must be greater than zero; got 0$"):
        LSTM(3, 4).stream(0)
