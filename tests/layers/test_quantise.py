"""Dynamic quantisation by torch.ao makes torch's quantised layers of ours."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
import torch
from torch import nn
from torch.ao.nn.quantized import dynamic
from torch.ao.quantization import quantize_dynamic

import throughtime
from throughtime import GRU, LSTM, RNN

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*torch.ao.quantization is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*quantized tensor creation functions:UserWarning"),
]


def pair(kind: str, **options: Any) -> tuple[nn.Module, nn.Module]:
    """A model with our layer and one with torch's, with the same weights."""
    torch.manual_seed(0)
    theirs = nn.Sequential(getattr(nn, kind)(3, 4, **options))
    return throughtime.convert(copy.deepcopy(theirs)), theirs


@pytest.mark.parametrize("dtype", [torch.qint8, torch.float16])
@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_a_quantised_layer_is_torchs(kind: str, dtype: torch.dtype) -> None:
    ours, theirs = pair(kind, num_layers=2, bidirectional=True, batch_first=True)
    x = torch.randn(2, 5, 3)
    found = quantize_dynamic(ours, {getattr(throughtime, kind)}, dtype=dtype)
    expected = quantize_dynamic(theirs, {getattr(nn, kind)}, dtype=dtype)
    assert type(found[0]) is getattr(dynamic, kind)
    assert torch.equal(found(x)[0], expected(x)[0])
    assert type(ours[0]) is getattr(throughtime, kind) and not hasattr(ours[0], "qconfig")


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_our_class_in_torchs_place_is_quantised_by_default(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = pair(kind)
    expected = quantize_dynamic(theirs)
    monkeypatch.setattr(nn, kind, getattr(throughtime, kind))
    found = quantize_dynamic(ours)
    x = torch.randn(5, 2, 3)
    assert torch.equal(found(x)[0], expected(x)[0])


@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_a_layer_that_is_not_named_stays_in_float_and_says_so(kind: type[nn.Module]) -> None:
    model = nn.Sequential(nn.Linear(3, 3), kind(3, 4))
    name = f"throughtime.{kind.__name__}"
    text = f"^this {name} stays in float: quantize_dynamic quantises it where its qconfig_spec names {name}$"
    with pytest.warns(UserWarning, match=text):
        quantised = quantize_dynamic(model)
    assert type(quantised[0]) is dynamic.Linear
    assert type(quantised[1]) is kind


def test_a_simple_recurrent_network_stays_in_float_as_torchs_does() -> None:
    assert type(quantize_dynamic(nn.Sequential(RNN(3, 4)))[0]) is RNN


@pytest.mark.parametrize("options", [dict(bias=False), dict(proj_size=2)])
def test_what_torch_cannot_quantise_is_refused(options: dict[str, Any]) -> None:
    layer = LSTM(3, 4, **options)
    text = f"torch cannot quantise a layer without bias or with a projection; got {layer}"
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        quantize_dynamic(nn.Sequential(layer), {LSTM})
