"""Attention that knows where it has looked, against loops by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from throughtime.errors import InputError
from throughtime.layers.coverage import (
    COVERED_SCORES,
    CoveredPerceptron,
    CoveredProduct,
    CoveredScore,
    attend_in_turn,
    coverage_loss,
)
from throughtime.layers.special_ids import PAD_ID
from throughtime.seq2seq.config import ModelConfig
from throughtime.seq2seq.data.batches import Batch
from throughtime.seq2seq.network.model import CoveringHead, Translator

MakeTranslator = Callable[..., Translator]
MakeBatch = Callable[..., Batch]

PAIRS = [([4, 5, 6, 7], [5, 4]), ([8], [4, 6, 8, 5, 7]), ([5, 5], [7]), ([6, 4, 8], [8, 8, 4])]
U, R, T, S, D = 2, 3, 4, 5, 3
VALID = torch.tensor([[True] * 5, [True, True, True, False, False]])
every_score = pytest.mark.parametrize("kind", COVERED_SCORES)


def drawn_score(kind: str) -> CoveredScore:
    torch.manual_seed(3)
    score = COVERED_SCORES[kind](D, D).double()
    for parameter in score.parameters():
        torch.nn.init.uniform_(parameter, -1, 1)
    return score.requires_grad_(False)


def by_hand(score: CoveredScore, h: Tensor, m: Tensor, c: float) -> float:
    """The score of one output (D,), one place of the memory (D,) and how much it was looked at."""
    if isinstance(score, CoveredPerceptron):
        p = score.perceptron
        hidden = p.query.weight @ h + p.keys.weight @ m + p.keys.bias + score.covered * c
        return float(p.energy.weight[0] @ torch.tanh(hidden))
    assert isinstance(score, CoveredProduct)
    return float(h @ score.keys(m)) + float(score.covered) * c


def looked(score: CoveredScore, outputs: Tensor, memory: Tensor, covered: list[float]) -> list[list[float]]:
    """Weights of one row's outputs (T, D) over one source without padding, one number at a time."""
    steps: list[list[float]] = []
    for h in outputs:
        powers = [math.exp(by_hand(score, h, m, c)) for m, c in zip(memory, covered, strict=True)]
        steps.append([one / sum(powers) for one in powers])
        covered = [a + c for a, c in zip(steps[-1], covered, strict=True)]
    return steps


@every_score
def test_each_step_sees_the_sum_of_all_before(kind: str) -> None:
    score = drawn_score(kind)
    outputs, memory = torch.randn(U, R, T, D).double(), torch.randn(U, S, D).double()
    begun = torch.rand(U, R, S).double() * VALID[:, None]
    weights, covered = attend_in_turn(score, outputs, score.keys(memory), VALID, begun)
    for u, size in enumerate([5, 3]):
        for r in range(R):
            expected = looked(score, outputs[u, r], memory[u, :size], begun[u, r, :size].tolist())
            assert_close(weights[u, r, :, :size], torch.tensor(expected).double())
    assert bool((weights[1, :, :, 3:] == 0).all())
    assert_close(covered, begun + weights.sum(2))


@every_score
def test_what_was_looked_at_changes_the_scores(kind: str) -> None:
    score = drawn_score(kind)
    outputs, keys = torch.randn(U, R, T, D).double(), score.keys(torch.randn(U, S, D).double())
    nothing = torch.zeros(U, R, S).double()
    first, _ = attend_in_turn(score, outputs, keys, VALID, nothing)
    other, _ = attend_in_turn(score, outputs, keys, VALID, nothing.index_fill(2, torch.tensor([0]), 2.0))
    assert not torch.allclose(first, other, atol=1e-2)


def test_coverage_loss_is_what_is_looked_at_again() -> None:
    weights = torch.tensor([[[0.5, 0.5, 0.0], [0.1, 0.3, 0.6], [0.7, 0.0, 0.3]]])
    assert_close(coverage_loss(weights), torch.tensor([[0.0, 0.1 + 0.3, 0.6 + 0.0 + 0.3]]))


@pytest.mark.parametrize("kind", ["dot", "general", "mlp"])
@pytest.mark.parametrize("fed", [False, True])
def test_without_its_weights_coverage_is_plain_attention(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, kind: str, fed: bool
) -> None:
    shape = dict(attention=kind, encoder_size=6, input_feeding=fed)
    plain, covering = tiny_translator(**shape), tiny_translator(**shape, coverage=True)
    inner = "perceptron" if kind == "mlp" else "product"
    weights = {
        name.replace("head.score", f"head.score.{inner}"): value for name, value in plain.state_dict().items()
    }
    weights["head.score.covered"] = torch.zeros_like(covering.head.score.covered)
    covering.load_state_dict(weights)
    assert_close(covering(batch_of(PAIRS)).total, plain(batch_of(PAIRS)).total)


def test_it_begins_as_plain_attention(tiny_config: Callable[..., ModelConfig]) -> None:
    head = Translator(tiny_config(attention="mlp", coverage=True), 9, 9).head
    assert isinstance(head, CoveringHead)
    assert head.score.covered.tolist() == [0.0] * 6


@pytest.mark.parametrize("fed", [False, True])
def test_training_pays_for_looking_again_and_validation_does_not(
    tiny_translator: MakeTranslator, batch_of: MakeBatch, fed: bool
) -> None:
    shape: dict[str, Any] = dict(attention="general", coverage=True, input_feeding=fed)
    paying, free = tiny_translator(**shape, coverage_loss=0.5), tiny_translator(**shape)
    batch = batch_of(PAIRS)
    encoded = free.encode(batch.src, batch.src_lengths)
    weights = free.decode(batch.tgt_in, encoded.state, free.head.attended(encoded)).weights
    assert weights is not None
    again = 0.0
    for row, step in (batch.tgt_out != PAD_ID).nonzero().tolist():
        before = weights[row, :step].sum(0)
        again += sum(min(a, c) for a, c in zip(weights[row, step].tolist(), before.tolist(), strict=True))
    assert again > 1
    assert_close(paying.eval()(batch).total, free.eval()(batch).total)
    assert_close(paying.train()(batch).total, free.train()(batch).total + 0.5 * again)


def test_paying_for_looking_again_makes_it_rarer(
    tiny_translator: MakeTranslator, batch_of: MakeBatch
) -> None:
    model, batch = tiny_translator(attention="general", coverage=True, coverage_loss=3.0), batch_of(PAIRS)

    def again() -> float:
        encoded = model.encode(batch.src, batch.src_lengths)
        weights = model.decode(batch.tgt_in, encoded.state, model.head.attended(encoded)).weights
        assert weights is not None
        return float(coverage_loss(weights)[:, :3].sum().detach())

    before, optimiser = again(), torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(30):
        optimiser.zero_grad()
        model.train()(batch).total.backward()
        optimiser.step()
    assert again() < 0.7 * before


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            dict(coverage=True, attention="none"),
            "coverage sums what attention looked at; expected an attention",
        ),
        (dict(coverage_loss=1.0), "coverage_loss is 1.0, but there is no coverage; expected 0"),
        (dict(coverage=True, coverage_loss=-1.0), "coverage_loss is -1.0; expected 0 or more"),
    ],
)
def test_settings_that_contradict_each_other(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as caught:
        ModelConfig(**changes)
    assert str(caught.value) == told
