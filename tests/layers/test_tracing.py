"""Layers in torch.fx, torch.jit, and torch.compile where code asks for types."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence
from torch.testing import assert_close

import throughtime
from native_scan import TORCH, needs_native
from throughtime import GRU, LSTM, RNN, Recurrent
from tolerances import tolerance

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # torch.jit and torch's compiler meet their own
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
]
CASES: dict[str, dict[str, Any]] = {
    "LSTM": dict(num_layers=2, bidirectional=True),
    "LSTM-projected": dict(proj_size=2, batch_first=True),
    "GRU": dict(bias=False),
    "RNN": dict(nonlinearity="relu"),
}
every_case = pytest.mark.parametrize("case", CASES)


def made(case: str) -> Any:
    torch.manual_seed(0)
    return getattr(throughtime, case.partition("-")[0])(3, 4, **CASES[case])


class Decoder(nn.Module):
    """Asks for the type of its layer, as decoders do."""

    def __init__(self, rnn: nn.Module) -> None:
        super().__init__()
        self.rnn = rnn

    def forward(self, x: Tensor) -> Tensor:
        output, last = self.rnn(x)
        return output.sum() + (last[1] * 2 if isinstance(self.rnn, nn.LSTM) else last * 3).sum()


@every_case
def test_fx_calls_a_layer_as_a_whole(case: str) -> None:
    layer, x = made(case), torch.randn(5, 2, 3)

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Sequential(layer)

        def forward(self, x: Tensor, hx: Any) -> Tensor:
            return self.inner[0](x, hx)[0] + self.inner(x)[0]

    graph = torch.fx.symbolic_trace(Model())
    calls = [node for node in graph.graph.nodes if node.op == "call_module"]
    assert [node.target for node in calls] == ["inner.0", "inner.0"]
    state = layer(x)[1]
    assert_close(graph(x, state), Model()(x, state), rtol=0, atol=0)


def test_fx_needs_a_module_around_the_layer() -> None:
    text = "torch.fx calls throughtime.GRU as a whole: trace a module that has it as a submodule"
    with pytest.raises(RuntimeError, match=f"^{re.escape(text)}$"):
        torch.fx.symbolic_trace(GRU(3, 4))


@every_case
def test_jit_traces_serve_any_batch_and_number_of_steps(case: str) -> None:
    layer = made(case)
    for model in (layer, Decoder(layer)):
        traced = torch.jit.trace(model, (torch.randn(5, 2, 3),))
        x = torch.randn(7, 4, 3)
        assert_close(traced(x), model(x), **tolerance("gradient", torch.float32))
    with torch.no_grad():
        layer.weight_hh_l0.mul_(2)
    assert_close(traced(x), model(x), **tolerance("gradient", torch.float32))


def test_a_jit_trace_takes_packed_sequences_of_any_lengths() -> None:
    class Packing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = LSTM(3, 4)

        def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
            return self.rnn(pack_padded_sequence(x, lengths))[0].data

    model = Packing()
    traced = torch.jit.trace(model, (torch.randn(5, 2, 3), torch.tensor([5, 2])))
    given = torch.randn(6, 3, 3), torch.tensor([6, 4, 1])
    assert_close(traced(*given), model(*given), **tolerance("forward", torch.float32))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: torch.jit.trace(Recurrent("gru", 3, 4), (torch.randn(5, 2, 3),)),
            "torch.jit.trace supports only throughtime.LSTM, GRU and RNN, not Recurrent: use torch.export",
        ),
        (
            lambda: torch.jit.script(Decoder(LSTM(3, 4))),
            "torch.jit.script cannot compile throughtime.LSTM: use torch.compile, torch.export, "
            "or for LSTM, GRU and RNN torch.jit.trace",
        ),
        (
            lambda: torch.jit.script(Recurrent("slstm", 3, 4)),
            "torch.jit.script cannot compile throughtime.Recurrent: use torch.compile, torch.export, "
            "or for LSTM, GRU and RNN torch.jit.trace",
        ),
    ],
)
def test_what_torch_jit_cannot_take_is_refused_in_a_sentence(call: Any, text: str) -> None:
    with pytest.raises(RuntimeError, match=f"^{re.escape(text)}$"):
        call()


def test_lengths_cannot_be_traced() -> None:
    class Masked(Decoder):
        def forward(self, x: Tensor) -> Tensor:
            return self.rnn(x, lengths=[5, 2])[0]

    with pytest.raises(ValueError, match=r"take neither `lengths` nor `mask`: give a PackedSequence$"):
        torch.jit.trace(Masked(RNN(3, 4)), (torch.randn(5, 2, 3),))


@needs_native
@every_case
@pytest.mark.skipif(TORCH < (2, 14), reason="isinstance in a graph of torch 2.8 does not ask for __class__")
def test_graphs_of_torch_know_the_type_too(case: str) -> None:
    torch._dynamo.reset()
    model, x = Decoder(made(case)), torch.randn(5, 2, 3)
    expected = model(x)
    assert_close(torch.compile(model, fullgraph=True, backend="aot_eager")(x), expected)
    for strict in (False, True):
        assert_close(torch.export.export(model, (x,), strict=strict).module()(x), expected)
