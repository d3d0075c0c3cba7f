"""Two passes of a batch, unlike in what dropout takes away, should say the same (R-Drop; Liang et al. 2021).

loss = (CE(p) + CE(q)) / 2 + consistency / 2 * D(p, q)
D(p, q) = (KL(p | q) + KL(q | p)) / 2 = sum_v (p_v - q_v) (log p_v - log q_v) / 2

summed over target tokens; CE is the cross-entropy with label smoothing. It is theirs, halved: so the
cross-entropy counts once, as without the second pass.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.functional import linear

from throughtime.engine.softmax import ROWS_AT_ONCE
from throughtime.seq2seq.batches import Batch


def twice(batch: Batch) -> Batch:
    """The batch and once more the batch, as one."""
    return Batch(*(torch.cat([part, part]) for part in batch))


def agreeing_loss(
    features: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, smoothing: float, consistency: float
) -> Tensor:
    """The loss of features of both passes, (2 N, E), the second after the first, for targets (N,).

    The scores of a few rows exist at a time; the gradients are worked out with the loss, which has no second
    derivatives.
    """
    return cast(Tensor, _AgreeingLoss.apply(features, weight, bias, targets, smoothing, consistency))


class _AgreeingLoss(torch.autograd.Function):
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
        loss = features.new_zeros(())
        d_features, d_weight, d_bias = (torch.zeros_like(one) for one in (features, weight, bias))
        halves, d_halves = features.chunk(2), d_features.chunk(2)
        for first in range(0, len(targets), ROWS_AT_ONCE):
            rows = slice(first, first + ROWS_AT_ONCE)
            given = torch.cat([half[rows] for half in halves])
            found, d_scores = _of_rows(linear(given, weight, bias), targets[rows], smoothing, consistency)
            loss += found
            for half, d in zip(d_halves, (d_scores @ weight).chunk(2), strict=True):
                half[rows] = d
            d_weight.addmm_(d_scores.T, given)
            d_bias += d_scores.sum(0)
        ctx.save_for_backward(d_features, d_weight, d_bias)
        return loss

    @staticmethod
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *grad_outputs: Tensor
    ) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            raise RuntimeError("a loss of two passes has no second derivatives")
        return (*(one * grad_outputs[0] for one in ctx.saved_tensors), None, None, None)


def _of_rows(scores: Tensor, targets: Tensor, smoothing: float, consistency: float) -> tuple[Tensor, Tensor]:
    """The loss of scores (2 R, V), and its gradient by them, which takes their place.

    d KL(p | q) by the scores of p is p (log p - log q - KL(p | q)), d KL(q | p) is p - q.
    """
    logs = scores - scores.logsumexp(1, keepdim=True)
    p = logs.exp()
    both = targets.repeat(2)[:, None]
    loss = -(1 - smoothing) * logs.gather(1, both).sum() - smoothing * logs.mean(1).sum()
    apart = logs[: len(targets)] - logs[len(targets) :]  # log p - log q
    apart = torch.cat([apart, -apart])
    kl = (p * apart).sum(1, keepdim=True)
    other = p.roll(len(targets), 0)
    d = (
        apart.sub_(kl)
        .mul_(p)
        .add_(p)
        .sub_(other)
        .mul_(0.5 * consistency)
        .add_(p)
        .sub_(smoothing / p.shape[1])
    )
    d.scatter_add_(1, both, torch.full_like(both, -(1 - smoothing), dtype=d.dtype))
    return (loss + consistency * kl.sum() / 2) / 2, d.mul_(0.5)
