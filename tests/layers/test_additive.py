"""Scores of additive attention as a network asks for them: by the engine and by torch's operations."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.testing import assert_close

from native_scan import needs_native
from throughtime.engine import native
from throughtime.layers.additive import additive_scores
from tolerances import FINITE_DIFFERENCES


def given() -> list[Tensor]:
    torch.manual_seed(3)
    sizes = (2, 3, 4), (2, 5, 4), (4,)  # queries, keys, energy
    return [torch.randn(*size, dtype=torch.float64, requires_grad=True) for size in sizes]


@pytest.mark.usefixtures("way")
def test_gradients_are_those_of_finite_differences() -> None:
    assert gradcheck(additive_scores, given(), **FINITE_DIFFERENCES)


@pytest.mark.usefixtures("way")
def test_scores_by_hand_with_and_without_gradients() -> None:
    queries, keys, energy = given()
    with_gradients = additive_scores(queries, keys, energy)
    with torch.no_grad():
        without = additive_scores(queries, keys, energy)
    for b, t, s in product(range(2), range(3), range(5)):
        by_hand = energy @ (queries[b, t] + keys[b, s]).tanh()
        assert_close(with_gradients[b, t, s], by_hand)
        assert_close(without[b, t, s], by_hand.detach())


@needs_native
def test_by_the_engine_second_derivatives_are_refused() -> None:
    inputs = given()
    (first, *_) = torch.autograd.grad(additive_scores(*inputs).sum(), inputs[:1])
    assert not first.requires_grad
    with pytest.raises(RuntimeError) as caught:
        torch.autograd.grad(additive_scores(*inputs).sum(), inputs, create_graph=True)
    assert str(caught.value) == "attention mlp has no second derivatives by the engine: use general or dot"


def test_by_torch_there_are_second_derivatives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "native", None)
    assert gradgradcheck(additive_scores, given(), **FINITE_DIFFERENCES)
