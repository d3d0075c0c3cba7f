from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div, linear

from throughtime.engine.softmax import ROWS_AT_ONCE
from throughtime.errors import InputError
from throughtime.seq2seq.config import ModelConfig
from throughtime.seq2seq.consistency import agreeing_loss, twice


def by_hand(
    features: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, smoothing: float, consistency: float
) -> Tensor:
    one, other = linear(features, weight, bias).chunk(2)
    losses = [cross_entropy(s, targets, label_smoothing=smoothing, reduction="sum") for s in (one, other)]
    p, q = one.log_softmax(1), other.log_softmax(1)
    apart = [kl_div(a, b, log_target=True, reduction="sum") for a, b in ((p, q), (q, p))]
    return sum(losses) / 2 + consistency / 2 * sum(apart) / 2  # type: ignore[return-value]


@pytest.mark.parametrize("rows", [1, 3, ROWS_AT_ONCE + 5])
@pytest.mark.parametrize(("smoothing", "consistency"), [(0.0, 0.0), (0.1, 5.0)])
def test_loss_and_gradients_by_hand(rows: int, smoothing: float, consistency: float) -> None:
    torch.manual_seed(1)
    given = [
        torch.randn(size, dtype=torch.float64, requires_grad=True) for size in ((2 * rows, 5), (7, 5), (7,))
    ]
    targets = torch.randint(7, (rows,))
    expected = by_hand(*given, targets, smoothing, consistency)
    found = agreeing_loss(*given, targets, smoothing, consistency)
    torch.testing.assert_close(found, expected)
    gradients = [torch.autograd.grad(3 * loss, given) for loss in (found, expected)]
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("changes", [dict(), dict(attention="mlp", input_feeding=True)], ids=str)
def test_without_chance_two_passes_are_one(
    tiny_translator: Callable[..., Any], batch_of: Callable[..., Any], changes: dict[str, Any]
) -> None:
    batch = batch_of([([4, 5], [6]), ([7, 8, 4], [5, 4, 8])])
    losses = []
    for consistency in (0.0, 5.0):
        model = tiny_translator(consistency=consistency, label_smoothing=0.1, **changes).train()
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


def test_second_derivatives_are_refused() -> None:
    features = torch.randn(4, 3, requires_grad=True)
    loss = agreeing_loss(features, torch.randn(5, 3), torch.randn(5), torch.tensor([1, 2]), 0.1, 5.0)
    with pytest.raises(RuntimeError, match="no second derivatives"):
        torch.autograd.grad(loss, features, create_graph=True)


@pytest.mark.parametrize("changes", [dict(copying=True), dict(output="sampled")], ids=str)
def test_what_has_no_scores_of_all_words_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="compares all words' scores; expected output chunked or"):
        ModelConfig(consistency=5.0, **changes)
