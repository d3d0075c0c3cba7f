from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div, linear

from throughtime.engine import native
from throughtime.engine.softmax import ROWS_AT_ONCE
from throughtime.errors import InputError
from throughtime.layers.output import ChunkedOutput, FullOutput
from throughtime.seq2seq.config import ModelConfig
from throughtime.seq2seq.data.batches import twice


def by_hand(
    features: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, smoothing: float, consistency: float
) -> Tensor:
    one, other = linear(features, weight, bias).chunk(2)
    losses = [cross_entropy(s, targets, label_smoothing=smoothing, reduction="sum") for s in (one, other)]
    p, q = one.log_softmax(1), other.log_softmax(1)
    apart = [kl_div(a, b, log_target=True, reduction="sum") for a, b in ((p, q), (q, p))]
    return (losses[0] + losses[1]) / 2 + consistency / 2 * (apart[0] + apart[1]) / 2


@pytest.fixture(params=["chunked", "chunked, without the engine", "full"])
def layer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> FullOutput:
    """A layer of 5 features and 37 words, in float64."""
    if "without" in request.param:
        monkeypatch.setattr(native, "native", None)
    torch.manual_seed(1)
    return (FullOutput if request.param == "full" else ChunkedOutput)(5, 37).double()


@pytest.mark.parametrize("rows", [1, 3, ROWS_AT_ONCE // 2, ROWS_AT_ONCE + 5])
@pytest.mark.parametrize(("smoothing", "consistency"), [(0.0, 1.0), (0.1, 5.0)])
def test_loss_and_gradients_by_hand(
    layer: FullOutput, rows: int, smoothing: float, consistency: float
) -> None:
    features = torch.randn(2 * rows, 5, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(37, (rows,))
    expected = by_hand(features, layer.weight, layer.bias, targets, smoothing, consistency)
    found = layer.agreeing_loss(features, targets, smoothing, consistency)
    torch.testing.assert_close(found, expected)
    given = [features, layer.weight, layer.bias]
    gradients = [torch.autograd.grad(3 * loss, given) for loss in (found, expected)]
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


def test_the_engine_works_it_out_in_float32_too() -> None:
    torch.manual_seed(2)
    features, targets = torch.randn(2 * 300, 5, requires_grad=True), torch.randint(37, (300,))
    layer = ChunkedOutput(5, 37)
    found = layer.agreeing_loss(features, targets, 0.1, 5.0)
    expected = by_hand(features, layer.weight, layer.bias, targets, 0.1, 5.0)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-4)
    gradients = [torch.autograd.grad(loss, [features, layer.weight]) for loss in (found, expected)]
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("changes", [dict(), dict(attention="mlp", input_feeding=True)], ids=str)
def test_without_chance_two_passes_are_one(
    tiny_translator: Callable[..., Any], batch_of: Callable[..., Any], changes: dict[str, Any]
) -> None:
    batch = batch_of([([4, 5], [6]), ([7, 8, 4], [5, 4, 8])])
    losses = []
    for consistency in (0.0, 5.0):
        model = tiny_translator(
            consistency=consistency, label_smoothing=0.1, dropout=1e-12, **changes
        ).train()
        loss = model(batch)
        loss.total.backward()
        losses.append((loss, [one.grad for one in model.parameters()]))
    (once, gradients), (doubled, others) = losses
    assert once.tokens == doubled.tokens == 6
    torch.testing.assert_close(once.total, doubled.total)
    for one, other in zip(gradients, others, strict=True):
        torch.testing.assert_close(one, other)


def test_dropout_makes_the_passes_disagree(
    tiny_translator: Callable[..., Any], batch_of: Callable[..., Any]
) -> None:
    batch = batch_of([([4, 5], [6]), ([7, 8, 4], [5, 4, 8])])
    totals = []
    for consistency in (1e-9, 5.0):
        model = tiny_translator(consistency=consistency, dropout=0.5).train()
        torch.manual_seed(3)
        totals.append(float(model(batch).total.detach()))
    assert totals[1] > totals[0] + 0.1
    model.eval()
    plain = tiny_translator().eval()
    torch.testing.assert_close(model(batch).total, plain(batch).total)


def test_twice_holds_every_part_twice(batch_of: Callable[..., Any]) -> None:
    batch = batch_of([([4, 5], [6]), ([7], [5, 4])])
    for part, both in zip(batch, twice(batch), strict=True):
        assert both.tolist() == [*part.tolist(), *part.tolist()]


@pytest.mark.parametrize("changes", [dict(copying=True), dict(output="sampled")], ids=str)
def test_what_has_no_scores_of_all_words_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="compares all words' scores; expected output chunked or"):
        ModelConfig(consistency=5.0, **changes)
