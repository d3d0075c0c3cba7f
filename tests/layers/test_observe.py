"""What a cell lets be seen, at every step, layer and direction."""

from __future__ import annotations

import pytest
import torch
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence
from torch.testing import assert_close

from throughtime import LSTM, Cell, Recurrent
from tolerances import tolerance


@pytest.mark.parametrize("lengths", [None, [2, 5, 1]], ids=["dense", "ragged"])
def test_the_engine_shows_what_the_reference_shows(cell: Cell, lengths: list[int] | None) -> None:
    torch.manual_seed(0)
    layers = [
        Recurrent(cell, 3, 4, 2, bidirectional=True, dtype=torch.float64, backend=name)
        for name in ("compiled", "reference")
    ]
    layers[1].load_state_dict(layers[0].state_dict())
    x = torch.randn(5, 3, 3, dtype=torch.float64)
    (*found, seen), (*expected, shown) = (layer.observe(x, lengths=lengths) for layer in layers)
    assert_close(found, expected, **tolerance("forward", torch.float64))
    assert [set(values) for values in seen] == [set(cell.observed)] * 4
    assert_close(seen, shown, **tolerance("forward", torch.float64))


def test_the_gates_of_an_lstm_make_its_memory() -> None:
    layer = LSTM(3, 4, backend="compiled")
    x = torch.randn(5, 2, 3)
    output, (h, c), (gates,) = layer.observe(x)
    memory = torch.zeros(2, 4)
    for t in range(5):
        memory = gates["f"][t] * memory + gates["i"][t] * gates["g"][t]
        assert_close(output[t], gates["o"][t] * memory.tanh(), **tolerance("forward", torch.float32))
    assert_close(memory, c[0], **tolerance("forward", torch.float32))
    assert torch.equal(output[-1], h[0])


def test_what_is_seen_has_the_form_of_the_output() -> None:
    layer, first = LSTM(3, 4), LSTM(3, 4, batch_first=True)
    first.load_state_dict(layer.state_dict())
    x = torch.randn(5, 2, 3)
    seen = layer.observe(x)[2][0]["i"]
    assert torch.equal(first.observe(x.transpose(0, 1))[2][0]["i"], seen.transpose(0, 1))
    assert_close(layer.observe(x[:, 0])[2][0]["i"], seen[:, 0], **tolerance("forward", torch.float32))
    packed = layer.observe(pack_padded_sequence(x, [5, 3]))[2][0]["i"]
    assert isinstance(packed, PackedSequence) and len(packed.data) == 8


def test_seeing_changes_no_gradient() -> None:
    layer, x = LSTM(3, 4, backend="compiled"), torch.randn(5, 2, 3)
    output, _, (gates,) = layer.observe(x)
    assert output.requires_grad and not any(one.requires_grad for one in gates.values())
    output.square().sum().backward()
    seen = [parameter.grad for parameter in layer.parameters()]
    layer.zero_grad()
    layer(x)[0].square().sum().backward()
    assert_close(seen, [parameter.grad for parameter in layer.parameters()])


def test_torchs_kernels_show_nothing() -> None:
    with pytest.raises(ValueError, match=r"^torch's kernels let nothing be seen of their steps; backend="):
        LSTM(3, 4, backend="torch").observe(torch.randn(5, 2, 3))
