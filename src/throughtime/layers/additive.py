"""Scores of additive attention: by the engine on the CPU, by torch's operations elsewhere."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor

from throughtime.engine import additive
from throughtime.engine.native import computes


def additive_scores(queries: Tensor, keys: Tensor, energy: Tensor) -> Tensor:
    """Return v . tanh(q + k) for each query and key (Bahdanau, Cho and Bengio 2015, section A.1.2).

    queries: (B, T, D); keys: (B, S, D); energy: v (D). The result is (B, T, S). Computed by the engine it has
    no second derivatives.
    """
    if computes(queries, keys, energy) and not torch.compiler.is_compiling():
        if torch.is_grad_enabled():
            return cast(Tensor, _AdditiveScores.apply(queries, keys, energy))
        return additive.additive_scores(queries, keys, energy)
    return torch.tanh(queries[:, :, None] + keys[:, None]) @ energy


class _AdditiveScores(torch.autograd.Function):
    """Saves queries and keys for backward, not the hidden layer, which has one dimension more."""

    @staticmethod
    def forward(ctx: Any, queries: Tensor, keys: Tensor, energy: Tensor) -> Tensor:
        ctx.save_for_backward(queries, keys, energy)
        return additive.additive_scores(queries, keys, energy)

    @staticmethod
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *grad_outputs: Tensor
    ) -> tuple[Tensor, ...]:
        if torch.is_grad_enabled():
            raise RuntimeError("attention mlp has no second derivatives by the engine: use general or dot")
        return additive.additive_gradients(*ctx.saved_tensors, *grad_outputs)
