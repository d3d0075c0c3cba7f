"""The loss of a softmax over many words and its gradients, without storing all scores at once."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from throughtime.engine.memory import pool
from throughtime.engine.native import address_or_null, in_rows, native, threads
from throughtime.engine.packing import pack, packed_for_good

ROWS_AT_ONCE = 256
"""Rows whose scores are in memory together."""


class SoftmaxGradients(NamedTuple):
    """The sum of the losses, and its gradients if requested."""

    loss: Tensor
    features: Tensor | None
    weight: Tensor | None
    bias: Tensor | None


class _Laid(ctypes.Structure):
    """`SoftmaxLoss` of native/program.h."""

    _fields_ = (
        *(
            (name, ctypes.c_void_p)
            for name in ("features", "packed", "packed_back", "bias", "targets", "losses")
        ),
        *((name, ctypes.c_void_p) for name in ("d_features", "d_weight", "d_bias", "scores")),
        *((name, ctypes.c_int64) for name in ("rows", "width", "words", "at_once")),
        *((name, ctypes.c_double) for name in ("smoothing", "consistency")),
    )


def log_probabilities(features: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Return `log softmax(features weight' + bias)` without gradients, the weights packed until they change.

    features: (rows, width); weight: (words, width); bias: (words). The result is (rows, words).
    """
    assert native is not None
    rows, (words, width) = len(features), weight.shape
    features, bias = in_rows(features), None if bias is None else in_rows(bias)
    scores, packed = features.new_empty(rows, words), packed_for_good(weight.detach().T)
    tensors = (features, packed, None, bias, None, None, None, None, None, scores)
    _run(tensors, (rows, width, words, max(1, rows)), (0.0, 0.0), weight.dtype)
    return scores


def _run(
    tensors: Sequence[Tensor | None], sizes: Sequence[int], shares: tuple[float, float], dtype: torch.dtype
) -> None:
    assert native is not None
    places = map(address_or_null, tensors)
    native.softmax_loss[dtype](ctypes.byref(_Laid(*places, *sizes, *shares)), threads())


def softmax_loss(
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Tensor,
    smoothing: float,
    gradients: bool,
    consistency: float = 0.0,
) -> SoftmaxGradients:
    """Return the cross-entropy, summed over rows, of `softmax(features weight' + bias)` with `targets`.

    features: (rows, width); weight: (words, width); bias: (words); targets: (rows), word ids. smoothing:
    share of each target's probability that is spread over all words. consistency: above 0 the rows are pairs
    that should agree, 2 k and 2 k + 1 both for target k of (rows / 2); the loss of each is halved, and this
    weight times a quarter of KL(p | q) + KL(q | p) is added.
    """
    assert native is not None
    rows, (words, width) = len(features), weight.shape
    features, weight = in_rows(features.detach()), weight.detach()
    bias = None if bias is None else in_rows(bias.detach())
    targets = in_rows(targets)
    packed, losses = pack(weight.T), features.new_empty(len(targets))
    at_once = min(ROWS_AT_ONCE, max(1, rows))
    scores = pool.empty(features, at_once, words)
    packed_back = d_features = d_weight = d_bias = None
    if gradients:
        packed_back, d_features = pack(weight), torch.empty_like(features)
        d_weight = pool.empty(weight, words, width)
        d_bias = None if bias is None else torch.empty_like(bias)
    tensors = (features, packed, packed_back, bias, targets, losses, d_features, d_weight, d_bias, scores)
    if rows:
        _run(tensors, (rows, width, words, at_once), (smoothing, consistency), weight.dtype)
    else:
        for gradient in (d_weight, d_bias):
            if gradient is not None:
                gradient.zero_()
    return SoftmaxGradients(losses.sum(), d_features, d_weight, d_bias)
