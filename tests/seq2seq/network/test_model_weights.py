"""Which weights a translator has, what they share, and how they begin."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from throughtime.layers.special_ids import PAD_ID
from throughtime.seq2seq.data.batches import Batch
from throughtime.seq2seq.network.model import (
    Translator,
)
from tolerances import STANDARD_ERRORS

MakeTranslator = Callable[..., Translator]
MakeBatch = Callable[..., Batch]

PAIRS = [([4, 5, 6, 7], [5, 4]), ([8], [4, 6, 8, 5, 7]), ([5, 5], [7])]


@pytest.mark.parametrize(
    ("tie", "shared"),
    [("none", set[str]()), ("output", {"output"}), ("all", {"output", "src_embedding"})],
)
@pytest.mark.parametrize("attention", ["none", "general"])
def test_tied_embeddings_are_one_tensor(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, tie: str, shared: set[str], attention: str
) -> None:
    model = tiny_translator(tie_embeddings=tie, attention=attention)

    def tied() -> set[str]:
        own = model.tgt_embedding.weight
        return {name for name in ("output", "src_embedding") if getattr(model, name).weight is own}

    assert tied() == shared
    optimiser = torch.optim.SGD(model.parameters(), lr=0.5)
    before = model.tgt_embedding.weight.detach().clone()
    model(batch_of(PAIRS)).total.backward()
    optimiser.step()
    assert tied() == shared
    assert not torch.equal(model.tgt_embedding.weight, before)
    widths = {"none": 6, "output": 5, "all": 5}  # of the decoder, or of the word vectors
    assert model.output.in_features == widths[tie]


@pytest.mark.parametrize("tie", ["none", "all"])
def test_scaled_word_vectors_are_larger_on_their_way_in_alone(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, tie: str
) -> None:
    scaled = tiny_translator(tie_embeddings=tie, attention="general")
    plain = tiny_translator(attention="general", scale_embeddings=False, tie_embeddings=tie)
    apart = tiny_translator(attention="general", scale_embeddings=False, tie_embeddings="none")
    if tie == "all":
        apart.head, apart.output = scaled.head, scaled.output
        apart.encoder, apart.decoder, apart.bridge = scaled.encoder, scaled.decoder, scaled.bridge
    with torch.no_grad():
        apart.src_embedding.weight.copy_(scaled.src_embedding.weight * math.sqrt(5))
        apart.tgt_embedding.weight.copy_(scaled.tgt_embedding.weight * math.sqrt(5))
    assert_close(scaled(batch_of(PAIRS)).total, apart(batch_of(PAIRS)).total)
    assert scaled(batch_of(PAIRS)).total != plain(batch_of(PAIRS)).total


def test_everything_begins_uniform_as_in_2014(tiny_config: Callable[..., Any]) -> None:
    torch.manual_seed(0)
    sizes = dict(embedding_size=40, encoder_size=50, decoder_size=60)
    model = Translator(tiny_config(initialiser="sutskever2014", attention="mlp", **sizes), 200, 300)
    values = torch.cat([parameter.detach().flatten() for parameter in model.parameters()]).double()
    assert float(values.abs().max()) <= 0.08
    deviation = 0.16 / math.sqrt(12)
    assert abs(float(values.mean())) < STANDARD_ERRORS * deviation / math.sqrt(len(values))
    error_of_deviation = deviation * math.sqrt((9 / 5 - 1) / 4 / len(values))  # kurtosis of a uniform is 9/5
    assert abs(float(values.std()) - deviation) < STANDARD_ERRORS * error_of_deviation
    for name, parameter in model.named_parameters():
        assert float(parameter.detach().std()) > 0.02, f"{name} does not begin uniform"


@pytest.mark.parametrize("initialiser", ["torch", "orthogonal", "forget_bias"])
def test_embeddings_begin_at_their_scale(tiny_config: Callable[..., Any], initialiser: str) -> None:
    torch.manual_seed(0)
    model = Translator(tiny_config(initialiser=initialiser, embedding_size=64), 300, 400)
    for embedding in (model.src_embedding, model.tgt_embedding):
        assert embedding.weight[PAD_ID].count_nonzero() == 0
        spread = embedding.weight[1:].detach().double()
        error = 0.125 / math.sqrt(2 * spread.numel())
        assert abs(float(spread.std()) - 0.125) < STANDARD_ERRORS * error
    assert model.output.bias.count_nonzero() == 0


def test_orthogonal_begins_every_recurrent_block_orthogonal(tiny_config: Callable[..., Any]) -> None:
    model = Translator(tiny_config(initialiser="orthogonal"), 9, 9)
    for layer in (model.encoder, model.decoder):
        for block in layer.weight_hh_l0.detach().split(layer.hidden_size):
            assert_close(block @ block.T, torch.eye(layer.hidden_size))
