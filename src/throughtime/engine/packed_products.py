"""Products with constant weights: a linear layer, and the most probable words of an output layer."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from throughtime.engine.native import address, address_or_null, in_rows, native, threads
from throughtime.engine.packing import packed_for_good


class _Best(ctypes.Structure):
    """`BestWords` of native/program.h."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("features", "packed", "bias", "barred")),
        *((name, ctypes.c_void_p) for name in ("values", "found", "of_asked")),
        *((name, ctypes.c_int64) for name in ("rows", "width", "words", "barred_count", "count", "asked")),
    )


class _Summed(ctypes.Structure):
    """`SummedScores` of native/program.h."""

    _fields_ = tuple((name, ctypes.c_void_p) for name in ("sums", "row_scales", "word_scales"))


class _Product(ctypes.Structure):
    """`RowsProduct` of native/program.h."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("v", "packed", "bias", "to")),
        *((name, ctypes.c_int64) for name in ("rows", "depth", "columns")),
    )


class Best(NamedTuple):
    """The most probable words of rows.

    values: their log-probabilities (N, count), largest first. words: (N, count), the lower id first among
    equals. of_asked: the log-probability of one requested word, (N,).
    """

    values: Tensor
    words: Tensor
    of_asked: Tensor


def best_words(
    features: Tensor, weight: Tensor, bias: Tensor | None, count: int, asked: int, barred: Sequence[int]
) -> Best:
    """Return the `count` largest of each row of `log softmax(features weight' + bias)`, without gradients.

    features: (N, width); weight: (words, width), packed until it changes; bias: (words). barred: words that
    are never returned, though they keep their share of the probability. If fewer than `count` are above -inf,
    the rest is -inf, of word 0. A NaN makes its whole row NaN.
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
    """As `best_words`, for the scores `sums[r, w] row_scales[r] word_scales[w] + bias[w]`.

    sums: (N, words) int32, contiguous; row_scales: (N,); word_scales: (words,).
    """
    assert native is not None
    row_scales, word_scales = in_rows(row_scales), in_rows(word_scales)
    shape = torch.Size((sums.shape[1], 0))
    best, laid, _alive = _laid(None, None, row_scales, bias, shape, count, asked, barred)
    summed = _Summed(*map(address, (sums, row_scales, word_scales)))
    native.best_of_sums[row_scales.dtype](ctypes.byref(laid), ctypes.byref(summed), threads())
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
    """Return the allocated result, the call, and the tensors that must outlive it."""
    rows, (words, width) = len(like), shape
    never = torch.tensor(barred, dtype=torch.int64)
    best = Best(
        like.new_empty(rows, count), torch.empty(rows, count, dtype=torch.int64), like.new_empty(rows)
    )
    tensors = (features, packed, None if bias is None else in_rows(bias), never, *best)
    places = map(address_or_null, tensors)
    return best, _Best(*places, rows, width, words, len(never), count, asked), tensors


def linear(rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Return `rows weight' + bias` without gradients.

    rows: (..., depth); weight: (columns, depth), packed until it changes; bias: (columns).
    """
    assert native is not None
    rows, bias = in_rows(rows), None if bias is None else in_rows(bias)
    columns, depth = weight.shape
    to, packed = rows.new_empty(*rows.shape[:-1], columns), packed_for_good(weight.detach().T)
    places = map(address_or_null, (rows, packed, bias, to))
    laid = _Product(*places, rows.numel() // depth, depth, columns)
    native.rows_product[weight.dtype](ctypes.byref(laid), threads())
    return to
