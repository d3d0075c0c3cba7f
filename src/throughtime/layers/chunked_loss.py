"""Cross-entropy over many words, computed with its gradients for a few rows of scores at a time."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, linear

from throughtime.engine import softmax
from throughtime.engine.native import computes
from throughtime.engine.softmax import ROWS_AT_ONCE, SoftmaxGradients
from throughtime.layers.consistency import agreeing_loss


def chunked_loss(
    features: Tensor,
    weight: Tensor,
    bias: Tensor,
    targets: Tensor,
    smoothing: float,
    consistency: float = 0.0,
) -> Tensor:
    """Return the loss of features (N, E) for targets (N,), summed over rows; it has no second derivatives.

    consistency: above 0 rows are pairs, each for one of the targets (N / 2,), that should agree, see
    `consistency.py`. Computed by the engine on the CPU, by torch's operations elsewhere.
    """
    arguments = (features, weight, bias, targets, smoothing, consistency)
    if torch.is_grad_enabled():
        return cast(Tensor, _ChunkedLoss.apply(*arguments))
    return _loss(*arguments, gradients=False).loss


class _ChunkedLoss(torch.autograd.Function):
    """The loss, computed with its gradients, so that no scores need to be saved."""

    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        weight: Tensor,
        bias: Tensor,
        targets: Tensor,
        smoothing: float,
        consistency: float,
    ) -> Tensor:
        result = _loss(features, weight, bias, targets, smoothing, consistency, gradients=True)
        ctx.save_for_backward(*result[1:])
        return result.loss

    @staticmethod
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *grad_outputs: Tensor
    ) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            raise RuntimeError("a chunked loss has no second derivatives: use output full")
        (d_loss,) = grad_outputs
        gradients = ctx.saved_tensors
        if float(d_loss) != 1:
            gradients = [gradient * d_loss for gradient in gradients]
        return (*gradients, None, None, None)


def _loss(
    features: Tensor,
    weight: Tensor,
    bias: Tensor,
    targets: Tensor,
    smoothing: float,
    consistency: float,
    gradients: bool,
) -> SoftmaxGradients:
    if computes(features, weight):
        return softmax.softmax_loss(features, weight, bias, targets, smoothing, gradients, consistency)
    return _by_torch(features, weight, bias, targets, smoothing, consistency)


def _by_torch(
    features: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, smoothing: float, consistency: float
) -> SoftmaxGradients:
    """Compute `engine.softmax.softmax_loss` by torch's operations."""
    loss = features.new_zeros(())
    d_features, d_weight, d_bias = (torch.zeros_like(tensor) for tensor in (features, weight, bias))
    each = 2 if consistency else 1
    for first in range(0, len(targets), ROWS_AT_ONCE // each):
        last = min(len(targets), first + ROWS_AT_ONCE // each)
        rows = slice(each * first, each * last)
        with torch.enable_grad():
            scores = linear(features[rows], weight, bias).detach().requires_grad_()
            chunk = _of_rows(scores, targets[first:last], smoothing, consistency)
            (d,) = torch.autograd.grad(chunk, scores)
        loss += chunk.detach()
        d_features[rows] = d @ weight
        d_weight.addmm_(d.T, features[rows])
        d_bias += d.sum(0)
    return SoftmaxGradients(loss, d_features, d_weight, d_bias)


def _of_rows(scores: Tensor, targets: Tensor, smoothing: float, consistency: float) -> Tensor:
    if not consistency:
        return cross_entropy(scores, targets, label_smoothing=smoothing, reduction="sum")
    return agreeing_loss(torch.cat([scores[0::2], scores[1::2]]), targets, smoothing, consistency)
