"""Rows by weights that stay: a linear layer, and the likeliest words of an output layer."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from throughtime.engine.native import native, threads
from throughtime.engine.packing import packed_for_good


class _Best(ctypes.Structure):
    """As `BestWords` in native/program.h."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("features", "packed", "bias", "barred")),
        *((name, ctypes.c_void_p) for name in ("values", "found", "of_asked")),
        *((name, ctypes.c_int64) for name in ("rows", "width", "words", "barred_count", "count", "asked")),
    )


class _Product(ctypes.Structure):
    """As `RowsProduct` in native/program.h."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("v", "packed", "bias", "to")),
        *((name, ctypes.c_int64) for name in ("rows", "depth", "columns")),
    )


class Best(NamedTuple):
    """The likeliest words of rows.

    values: their log-probabilities (N, count), largest first. words: (N, count), of equal ones the lower
    first. of_asked: the log-probability of one word that was asked for, (N,).
    """

    values: Tensor
    words: Tensor
    of_asked: Tensor


def best_words(
    features: Tensor, weight: Tensor, bias: Tensor | None, count: int, asked: int, barred: Sequence[int]
) -> Best:
    """The `count` largest of each row of `log softmax(features weight' + bias)`, without gradients.

    features: (N, width); weight: (words, width), packed until it changes; bias: (words). barred: words that
    are never among them, though they have their share of the probability. Where fewer are above -inf, the
    rest is -inf, of word 0. What is no number makes all of its row so.
    """
    assert native is not None
    rows, (words, width) = len(features), weight.shape
    features, bias = features.contiguous(), None if bias is None else bias.contiguous()
    packed, never = packed_for_good(weight.detach().T), torch.tensor(barred, dtype=torch.int64)
    best = Best(
        features.new_empty(rows, count),
        torch.empty(rows, count, dtype=torch.int64),
        features.new_empty(rows),
    )
    given = (features, packed, bias, never, *best)
    places = [None if one is None else one.data_ptr() for one in given]
    laid = _Best(*places, rows, width, words, len(never), count, asked)
    native.best_words[weight.dtype](ctypes.byref(laid), threads())
    return best


def linear(rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """`rows weight' + bias` without gradients; rows: (..., depth); weight: (columns, depth), packed until it
    changes; bias: (columns)."""
    assert native is not None
    rows, bias = rows.contiguous(), None if bias is None else bias.contiguous()
    columns, depth = weight.shape
    to, packed = rows.new_empty(*rows.shape[:-1], columns), packed_for_good(weight.detach().T)
    places = [None if one is None else one.data_ptr() for one in (rows, packed, bias, to)]
    laid = _Product(*places, rows.numel() // depth, depth, columns)
    native.rows_product[weight.dtype](ctypes.byref(laid), threads())
    return to
