"""Layers in eight bits: near the layers that they come from, and the same by the engine and by torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from throughtime.errors import InputError
from throughtime.layers.linear import PackedLinear
from throughtime.layers.output import FullOutput
from throughtime.layers.special_ids import BOS_ID, EOS_ID, PAD_ID
from throughtime.seq2seq.config import SearchConfig
from throughtime.seq2seq.network import quantised as module
from throughtime.seq2seq.network.model import Translator
from throughtime.seq2seq.network.quantised import QuantisedLinear, QuantisedOutput, quantise, whole
from throughtime.seq2seq.pipeline import load_pipeline


def numbers(*shape: int) -> Tensor:
    torch.manual_seed(sum(shape))
    return torch.randn(*shape)


def test_rows_are_whole_numbers_to_half_a_scale() -> None:
    matrix = numbers(20, 9)
    matrix[3] = 0
    found = whole(matrix)
    assert found.numbers.dtype == torch.int8
    assert found.numbers.abs().amax(1).tolist() == [127] * 3 + [0] + [127] * 16
    apart = (found.numbers * found.scales.unsqueeze(1) - matrix).abs()
    assert bool((apart <= found.scales.unsqueeze(1) * 0.5001).all())


@pytest.mark.parametrize("shape", [(16,), (0, 16), (1, 16), (7, 16), (2, 3, 16)])
@pytest.mark.parametrize("bias", [True, False])
def test_a_layer_is_as_near_as_its_steps_are_small(shape: tuple[int, ...], bias: bool) -> None:
    layer = PackedLinear(16, 40, bias=bias)
    x = numbers(*shape)
    found, expected = QuantisedLinear(layer)(x), layer(x).detach()
    assert found.shape == expected.shape
    steps = layer.weight.detach().abs().amax() / 127 * x.abs().sum(-1) / 2
    if x.numel():
        steps = steps + x.abs().amax(-1) / 127 / 2 * layer.weight.detach().abs().sum(1).amax() * 1.01
        assert bool(((found - expected).abs() <= steps.unsqueeze(-1)).all())


def test_whole_numbers_are_multiplied_exactly() -> None:
    layer = PackedLinear(3, 5)
    with torch.no_grad():
        layer.weight.copy_(
            torch.tensor([[127, 2, -3], [0, 127, 0], [-127, 5, 6], [127, 127, 127], [1, 1, 127]])
        )
        layer.bias.copy_(torch.arange(5))
        x = torch.tensor([[127.0, -127, 127], [1, 127, 0]])
        assert torch.equal(QuantisedLinear(layer)(x), layer(x))


def test_the_best_are_those_of_all_log_probabilities(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = QuantisedOutput(FullOutput(16, 700))
    features = numbers(30, 16)
    every = layer.log_probabilities(features)
    assert_close(every.exp().sum(1), torch.ones(30))
    found = layer.best(features, 6)
    assert_close(found.ends, every[:, EOS_ID])
    every[:, [PAD_ID, BOS_ID]] = -math.inf
    expected = every.topk(6)
    assert_close(found.values, expected.values)
    assert torch.equal(found.tokens, expected.indices)
    monkeypatch.setattr(module, "native", None)
    assert torch.equal(layer.best(features, 6).tokens, expected.indices)
    assert layer.best(features, 999).tokens.shape == (30, 700)


def test_what_is_no_number_is_seen() -> None:
    layer = QuantisedOutput(FullOutput(16, 50))
    features = numbers(4, 16)
    features[2, 5] = math.nan
    assert layer.best(features, 2).ends.isnan().tolist() == [False, False, True, False]


@pytest.mark.parametrize("attention", ["none", "dot", "general", "mlp"])
@pytest.mark.parametrize("tied", ["none", "all"])
def test_a_model_stays_near_itself(
    letter_model: Callable[..., Translator], attention: str, tied: str
) -> None:
    changes = dict(attention=attention, tie_embeddings=tied, decoder_size=6)
    model, small = (letter_model(1, **changes) for _ in range(2))
    vectors = small.tgt_embedding.weight.clone()
    assert quantise(small) is small
    assert torch.equal(small.tgt_embedding.weight, vectors)
    kinds = [type(one) for one in small.modules()]
    assert PackedLinear not in kinds and kinds.count(QuantisedOutput) == 1
    src, lengths = torch.tensor([[4, 5, 6, 3], [7, 8, 3, 0]]), torch.tensor([4, 3])
    with torch.no_grad():
        given = [
            one.decode(src[:, :2], state.state, one.head.attended(state))[0]
            for one in (model, small)
            for state in [one.encode(src, lengths)]
        ]
    assert_close(given[1], given[0], rtol=0, atol=0.15)
    assert not torch.equal(given[1], given[0]) or attention == "none"


def test_most_translations_stay_as_they_are(saved_letters: Callable[..., Path], tmp_path: Path) -> None:
    path = saved_letters(tmp_path / "m.safetensors", attention="general", encoder_size=8)
    lines = ["a b c", "d e f g", "h", "b b a", "c d e f g h a", "g", "e a", "a a a a"]
    texts = [
        list(load_pipeline([path], SearchConfig(quantise=how, max_length_offset=2)).texts(lines))
        for how in ("none", "int8")
    ]
    assert sum(map(str.__eq__, *texts)) >= 5


def test_layers_that_cannot_be(tiny_translator: Callable[..., Translator]) -> None:
    with pytest.raises(InputError) as caught:
        quantise(tiny_translator(output="adaptive"))
    assert str(caught.value) == "the model's output is adaptive; int8 supports only layers over all words"
    with pytest.raises(InputError) as caught:
        QuantisedLinear(PackedLinear(200_000, 1))
    assert str(caught.value) == "a layer takes 200,000 numbers; int8 has room for 133,144"
