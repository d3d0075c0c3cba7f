"""Norm and clipping by exact values."""

from __future__ import annotations

import math

import torch
from torch import nn

from throughtime.training.step import clip_factor, gradient_norm, gradients_of, scale


def test_the_norm_is_that_of_all_gradients_as_one_vector() -> None:
    assert gradient_norm([torch.tensor([3.0, 0.0]), torch.tensor([[4.0]])]) == 5.0
    assert gradient_norm([]) == 0.0


def test_the_norm_shows_what_is_not_finite() -> None:
    assert math.isnan(gradient_norm([torch.ones(2), torch.tensor([math.nan])]))
    assert math.isinf(gradient_norm([torch.ones(2), torch.tensor([-math.inf])]))


def test_clipping_to_norm_five_as_sutskever_2014() -> None:
    assert clip_factor(10.0, 5.0) == 0.5
    assert clip_factor(5.0, 5.0) == 1.0
    assert clip_factor(4.0, 5.0) == 1.0


def test_zero_never_clips() -> None:
    assert clip_factor(1e9, 0.0) == 1.0


def test_a_clipped_gradient_keeps_its_direction() -> None:
    gradients = [torch.tensor([6.0]), torch.tensor([8.0])]
    scale(gradients, clip_factor(gradient_norm(gradients), 5.0))
    assert [g.item() for g in gradients] == [3.0, 4.0]


def test_parameters_without_gradient_are_left_out() -> None:
    with_gradient, without = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    with_gradient.grad = torch.tensor([2.0])
    assert gradients_of([without, with_gradient]) == [torch.tensor([2.0])]
