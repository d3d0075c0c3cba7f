"""Linear layers and the likeliest words, by the engine."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import linear as torch_linear
from torch.testing import assert_close

from native_scan import needs_native
from throughtime.engine.packed_products import best_words, linear

pytestmark = needs_native


def made(rows: int, width: int, words: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(rows + words)
    return (
        torch.randn(rows, width, dtype=dtype),
        torch.randn(words, width, dtype=dtype),
        torch.randn(words, dtype=dtype),
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("rows", "width", "words"), [(0, 3, 9), (1, 1, 9), (7, 33, 600), (300, 16, 1025)])
@pytest.mark.parametrize("biased", [True, False])
def test_best_words_are_the_largest(
    rows: int, width: int, words: int, dtype: torch.dtype, biased: bool
) -> None:
    features, weight, bias = made(rows, width, words, dtype)
    given = bias if biased else None
    found = best_words(features, weight, given, 5, asked=3, barred=(0, 2))
    every = torch_linear(features, weight, given).log_softmax(1)
    assert_close(found.of_asked, every[:, 3])
    every[:, [0, 2]] = -math.inf
    expected = every.topk(5)
    assert_close(found.values, expected.values)
    assert torch.equal(found.words, expected.indices)


def test_changed_weights_are_packed_anew() -> None:
    features, weight, bias = made(4, 8, 40, torch.float32)
    before = best_words(features, weight, bias, 1, 3, ()).words
    weight.data.neg_()
    after = best_words(features, weight, bias, 1, 3, ()).words
    assert torch.equal(after[:, 0], torch_linear(features, weight, bias).argmax(1))
    assert not torch.equal(before, after)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(5,), (0, 5), (3, 5), (2, 3, 5), (2, 0, 5)])
@pytest.mark.parametrize("biased", [True, False])
def test_linear_is_torchs(shape: tuple[int, ...], dtype: torch.dtype, biased: bool) -> None:
    _, weight, bias = made(1, 5, 37, dtype)
    rows = (
        torch.randn(*shape, dtype=dtype).transpose(0, -2) if len(shape) > 1 else torch.randn(5, dtype=dtype)
    )
    given = bias if biased else None
    assert_close(linear(rows, weight, given), torch_linear(rows, weight, given))
