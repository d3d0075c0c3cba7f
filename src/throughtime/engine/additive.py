"""Scores of additive attention and their gradients, by the native part: the hidden layer is never kept."""

from __future__ import annotations

import ctypes

import torch
from torch import Tensor

from throughtime.engine.native import address, in_rows, native, threads

WORTH_THREADS = 1 << 15
"""Numbers of the hidden layer below which one thread is done before two have met."""


class _Laid(ctypes.Structure):
    """As `AdditiveScores` in native/program.h."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("queries", "keys", "energy", "scores")),
        *((name, ctypes.c_void_p) for name in ("d_scores", "d_queries", "d_keys", "d_energy")),
        *((name, ctypes.c_int64) for name in ("batch", "steps", "places", "width")),
    )


def additive_scores(queries: Tensor, keys: Tensor, energy: Tensor) -> Tensor:
    """`energy . tanh(q + k)` of each query and key, without gradients.

    queries: (B, T, D); keys: (B, S, D); energy: (D). The result is (B, T, S).
    """
    assert native is not None
    given = in_rows(queries), in_rows(keys), in_rows(energy)
    scores = queries.new_empty(*queries.shape[:2], keys.shape[1])
    laid = _Laid(*map(address, (*given, scores)), *[None] * 4, *_sizes(queries, keys))
    native.additive_scores[energy.dtype](ctypes.byref(laid), _team(laid))
    return scores


def additive_gradients(
    queries: Tensor, keys: Tensor, energy: Tensor, d_scores: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients by queries, keys and energy, of those by the scores, (B, T, S)."""
    assert native is not None
    given = in_rows(queries), in_rows(keys), in_rows(energy)
    d_scores = in_rows(d_scores)
    d_queries, d_keys, d_energy = map(torch.empty_like, given)
    places = list(map(address, (*given, d_scores, d_queries, d_keys, d_energy)))
    laid = _Laid(*places[:3], None, *places[3:], *_sizes(queries, keys))
    native.additive_gradients[energy.dtype](ctypes.byref(laid), _team(laid))
    return d_queries, d_keys, d_energy


def _sizes(queries: Tensor, keys: Tensor) -> tuple[int, int, int, int]:
    batch, steps, width = queries.shape
    return batch, steps, keys.shape[1], width


def _team(laid: _Laid) -> int:
    return threads() if laid.batch * laid.steps * laid.places * laid.width >= WORTH_THREADS else 1
