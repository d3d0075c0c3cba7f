"""Rows by weights that stay: a linear layer, and the likeliest words of an output layer."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from throughtime.engine.native import address, address_or_null, in_rows, native, threads
from throughtime.engine.packing import packed_for_good


class _Best(ctypes.Structure):
    """As `BestWords` in native/program.h."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("features", "packed", "bias", "barred")),
        *((name, ctypes.c_void_p) for name in ("values", "found", "of_asked")),
        *((name, ctypes.c_int64) for name in ("rows", "width", "words", "barred_count", "count", "asked")),
    )


class _Summed(ctypes.Structure):
    """As `SummedScores` in native/program.h."""

    _fields_ = tuple((name, ctypes.c_void_p) for name in ("sums", "row_scales", "word_scales"))


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
    features, packed = in_rows(features), packed_for_good(weight.detach().T)
    best, laid, _alive = _laid(features, packed, features, bias, weight.shape, count, asked, barred)
    native.best_words[weight.dtype](ctypes.byref(laid), threads())
    return best


def best_of_sums(
    sums: Tensor,
    row_scales: Tensor,
    word_scales: Tensor,
    bias: Tensor | None,
    count: int,
    asked: int,
    barred: Sequence[int],
) -> Best:
    """As `best_words`, of scores `sums[r, w] row_scales[r] word_scales[w] + bias[w]`; sums: (N, words) int32,
    contiguous; row_scales: (N,), word_scales: (words,)."""
    assert native is not None
    row_scales, word_scales = in_rows(row_scales), in_rows(word_scales)
    shape = torch.Size((sums.shape[1], 0))
    best, laid, _alive = _laid(None, None, row_scales, bias, shape, count, asked, barred)
    given = _Summed(*map(address, (sums, row_scales, word_scales)))
    native.best_of_sums[row_scales.dtype](ctypes.byref(laid), ctypes.byref(given), threads())
    return best


def _laid(
    features: Tensor | None,
    packed: Tensor | None,
    like: Tensor,
    bias: Tensor | None,
    shape: torch.Size,
    count: int,
    asked: int,
    barred: Sequence[int],
) -> tuple[Best, _Best, Sequence[Tensor | None]]:
    """Room for the result, the call, and what has to live until it is over."""
    rows, (words, width) = len(like), shape
    never = torch.tensor(barred, dtype=torch.int64)
    best = Best(
        like.new_empty(rows, count), torch.empty(rows, count, dtype=torch.int64), like.new_empty(rows)
    )
    given = (features, packed, None if bias is None else in_rows(bias), never, *best)
    places = map(address_or_null, given)
    return best, _Best(*places, rows, width, words, len(never), count, asked), given


def linear(rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """`rows weight' + bias` without gradients; rows: (..., depth); weight: (columns, depth), packed until it
    changes; bias: (columns)."""
    assert native is not None
    rows, bias = in_rows(rows), None if bias is None else in_rows(bias)
    columns, depth = weight.shape
    to, packed = rows.new_empty(*rows.shape[:-1], columns), packed_for_good(weight.detach().T)
    places = map(address_or_null, (rows, packed, bias, to))
    laid = _Product(*places, rows.numel() // depth, depth, columns)
    native.rows_product[weight.dtype](ctypes.byref(laid), threads())
    return to
