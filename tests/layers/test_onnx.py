"""ONNX models of our layers have standard nodes alone, and ONNX Runtime computes the same."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import torch
from torch import nn
from torch.testing import assert_close

import throughtime
from throughtime import Recurrent
from throughtime.layers.onnx import exporting
from tolerances import tolerance

for package in ("onnx", "onnxscript", "onnxruntime"):
    pytest.importorskip(package)

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
LAYERS: dict[str, Any] = {
    "LSTM": lambda: throughtime.LSTM(3, 4, 2, bidirectional=True, batch_first=True),
    "LSTM-projected": lambda: throughtime.LSTM(3, 4, 2, proj_size=2),
    "GRU": lambda: throughtime.GRU(3, 4, bidirectional=True),
    "RNN": lambda: throughtime.RNN(3, 4, nonlinearity="relu"),
    "minimal gated unit": lambda: Recurrent("mgu", 3, 4),
}
NODES = {"LSTM": "LSTM", "GRU": "GRU"}


def run(model: bytes, x: torch.Tensor) -> list[torch.Tensor]:
    session = importlib.import_module("onnxruntime").InferenceSession(model)
    return [torch.from_numpy(one) for one in session.run(None, {session.get_inputs()[0].name: x.numpy()})]


@pytest.mark.parametrize("kind", LAYERS)
def test_standard_nodes_and_the_same_numbers(kind: str) -> None:
    layer = nn.Sequential(LAYERS[kind]()).eval()
    x = torch.randn(5, 2, 3)
    model = torch.onnx.export(layer, (x,), dynamo=True, verbose=False).model_proto
    assert {node.domain for node in model.graph.node} == {""}
    assert NODES.get(kind, "MatMul") in {node.op_type for node in model.graph.node}
    output, state = layer(x)
    expected = [output, *(state if isinstance(state, tuple) else (state,))]
    assert_close(
        run(model.SerializeToString(), x), [one.detach() for one in expected], **tolerance("forward", x.dtype)
    )
    assert not exporting()


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_any_batch(kind: str) -> None:
    layer = getattr(throughtime, kind)(3, 4).eval()
    shapes = ({1: "batch"}, None)
    model = torch.onnx.export(
        layer, (torch.randn(5, 2, 3), None), dynamo=True, verbose=False, dynamic_shapes=shapes
    ).model_proto
    x = torch.randn(5, 7, 3)
    output = layer(x)[0].detach()
    assert_close(run(model.SerializeToString(), x)[0], output, **tolerance("forward", x.dtype))
