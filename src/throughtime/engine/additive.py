"""Scores of additive attention and their gradients, by the native part: the hidden layer is never kept."""

from __future__ import annotations

import ctypes

import torch
from torch import Tensor

from throughtime.engine.native import NAMES, native, threads

WORTH_THREADS = 1 << 15
"""Numbers of the hidden layer below which one thread is done before two have met."""


class _Laid(ctypes.Structure):
    """As `AdditiveScores` in native/program.h."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("queries", "keys", "energy", "scores")),
        *((name, ctypes.c_void_p) for name in ("d_queries", "d_keys", "d_energy")),
        *((name, ctypes.c_int64) for name in ("batch", "steps", "places", "width")),
    )


def runs(queries: Tensor, keys: Tensor, energy: Tensor) -> bool:
    """Whether the native part can work out the scores of these."""
    given = (queries, keys, energy)
    like = all(one.device.type == "cpu" and one.dtype == energy.dtype for one in given)
    return native is not None and like and energy.dtype in NAMES


def additive_scores(queries: Tensor, keys: Tensor, energy: Tensor) -> Tensor:
    """`energy . tanh(q + k)` of each query and key, without gradients.

    queries: (B, T, D); keys: (B, S, D); energy: (D). The result is (B, T, S).
    """
    scores = queries.new_empty(*queries.shape[:2], keys.shape[1])
    _run((queries.contiguous(), keys.contiguous(), energy.contiguous(), scores, None, None, None))
    return scores


def additive_gradients(
    queries: Tensor, keys: Tensor, energy: Tensor, d_scores: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients by queries, keys and energy, of those by the scores, (B, T, S)."""
    given = queries.contiguous(), keys.contiguous(), energy.contiguous()
    d_queries, d_keys, d_energy = map(torch.empty_like, given)
    _run((*given, d_scores.contiguous(), d_queries, d_keys, d_energy))
    return d_queries, d_keys, d_energy


def _run(given: tuple[Tensor | None, ...]) -> None:
    assert native is not None
    queries, keys, energy = given[:3]
    assert queries is not None and keys is not None and energy is not None
    (batch, steps, width), places = queries.shape, keys.shape[1]
    laid = _Laid(*(None if one is None else one.data_ptr() for one in given), batch, steps, places, width)
    team = threads() if batch * steps * places * width >= WORTH_THREADS else 1
    native.additive_scores[energy.dtype](ctypes.byref(laid), team)
