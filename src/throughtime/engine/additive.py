"""Scores of additive attention and their gradients in native code, without storing the hidden layer."""

from __future__ import annotations

import ctypes

import torch
from torch import Tensor

from throughtime.engine.native import address, in_rows, native, threads

WORTH_THREADS = 1 << 15
"""Size of the hidden layer from which several threads are faster than one."""


class _Laid(ctypes.Structure):
    """`AdditiveScores` of native/program.h."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("queries", "keys", "energy", "scores")),
        *((name, ctypes.c_void_p) for name in ("d_scores", "d_queries", "d_keys", "d_energy")),
        *((name, ctypes.c_int64) for name in ("batch", "steps", "places", "width")),
    )


def additive_scores(queries: Tensor, keys: Tensor, energy: Tensor) -> Tensor:
    """Return `energy . tanh(q + k)` for each query and key, without gradients.

    queries: (B, T, D); keys: (B, S, D); energy: (D). The result is (B, T, S).
    """
    assert native is not None
    inputs = in_rows(queries), in_rows(keys), in_rows(energy)
    scores = queries.new_empty(*queries.shape[:2], keys.shape[1])
    laid = _Laid(*map(address, (*inputs, scores)), *[None] * 4, *_sizes(queries, keys))
    native.additive_scores[energy.dtype](ctypes.byref(laid), _team(laid))
    return scores


def additive_gradients(
    queries: Tensor, keys: Tensor, energy: Tensor, d_scores: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients with respect to queries, keys and energy, given those of the scores, (B, T, S)."""
    assert native is not None
    inputs = in_rows(queries), in_rows(keys), in_rows(energy)
    d_scores = in_rows(d_scores)
    d_queries, d_keys, d_energy = map(torch.empty_like, inputs)
    places = list(map(address, (*inputs, d_scores, d_queries, d_keys, d_energy)))
    laid = _Laid(*places[:3], None, *places[3:], *_sizes(queries, keys))
    native.additive_gradients[energy.dtype](ctypes.byref(laid), _team(laid))
    return d_queries, d_keys, d_energy


def _sizes(queries: Tensor, keys: Tensor) -> tuple[int, int, int, int]:
    batch, steps, width = queries.shape
    return batch, steps, keys.shape[1], width


def _team(laid: _Laid) -> int:
    return threads() if laid.batch * laid.steps * laid.places * laid.width >= WORTH_THREADS else 1
