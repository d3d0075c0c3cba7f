from __future__ import annotations

import math
from typing import get_args, get_type_hints

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from throughtime.layers.attention import SCORES, Dot, General, Perceptron, attend
from throughtime.seq2seq.config import ModelConfig

OUTPUTS = torch.tensor(
    [[[1.0, 2.0], [0.0, -1.0]], [[0.5, 0.0], [3.0, 1.0]]], dtype=torch.float64
)  # (B, T, 2)
MEMORY = torch.tensor(
    [
        [[1.0, 0.0, 2.0], [0.0, 1.0, 1.0], [2.0, 2.0, 2.0]],
        [[-1.0, 1.0, 0.0], [0.5, 0.5, 1.0], [4.0, 0.0, 1.0]],
    ],
    dtype=torch.float64,
)  # (B, S, 3)
VALID = torch.tensor([[True, True, True], [True, True, False]])


def by_hand(score, memory: Tensor = MEMORY) -> Tensor:
    """score(h, m) of every output with every memory, one pair at a time."""
    rows = [
        [[score(h, m) for m in source] for h in sentence]
        for sentence, source in zip(OUTPUTS, memory, strict=True)
    ]
    return torch.tensor(rows, dtype=torch.float64)


def product(matrix: Tensor, vector: Tensor) -> list[float]:
    return [sum(float(w) * float(x) for w, x in zip(row, vector, strict=True)) for row in matrix]


def dot(a, b) -> float:
    return sum(float(x) * float(y) for x, y in zip(a, b, strict=True))


def test_every_kind_of_the_settings_has_a_score() -> None:
    kinds = get_args(get_type_hints(ModelConfig)["attention"])
    assert {*kinds} == {"none", *SCORES}


def test_dot_is_the_inner_product() -> None:
    memory = MEMORY[..., :2]
    score = Dot(2, 2)
    assert_close(score(OUTPUTS, score.keys(memory)), by_hand(dot, memory))
    assert list(score.parameters()) == []


def test_dot_refuses_unequal_widths() -> None:
    with pytest.raises(ValueError) as caught:
        Dot(4, 6)
    assert str(caught.value) == (
        "dot attention needs a decoder as wide as the encoder's output; got 4 and 6; "
        "general and mlp take any widths"
    )


def test_general_is_the_inner_product_with_a_map_of_the_memory() -> None:
    score = General(2, 3).double()
    w = score.keys.weight.detach()  # (2, 3)
    assert score.keys.bias is None
    assert_close(score(OUTPUTS, score.keys(MEMORY)), by_hand(lambda h, m: dot(h, product(w, m))))


def test_mlp_is_a_perceptron_of_output_and_memory() -> None:
    score = Perceptron(2, 3).double()
    score.requires_grad_(False)
    query, keys, bias, energy = score.query.weight, score.keys.weight, score.keys.bias, score.energy.weight[0]

    def hidden(h: Tensor, m: Tensor) -> list[float]:
        parts = zip(product(query, h), product(keys, m), bias, strict=True)
        return [math.tanh(a + b + float(c)) for a, b, c in parts]

    assert_close(score(OUTPUTS, score.keys(MEMORY)), by_hand(lambda h, m: dot(energy, hidden(h, m))))


def test_attend_is_a_softmax_over_valid_positions() -> None:
    scores = torch.tensor([[[0.0, math.log(3.0), 0.0]], [[0.0, math.log(3.0), 9.0]]], dtype=torch.float64)
    contexts, weights = attend(scores, MEMORY, VALID)
    expected = torch.tensor([[[0.2, 0.6, 0.2]], [[0.25, 0.75, 0.0]]], dtype=torch.float64)
    assert_close(weights, expected)
    assert_close(contexts[0, 0], 0.2 * MEMORY[0, 0] + 0.6 * MEMORY[0, 1] + 0.2 * MEMORY[0, 2])
    assert_close(contexts[1, 0], 0.25 * MEMORY[1, 0] + 0.75 * MEMORY[1, 1])


def test_masked_positions_have_exactly_no_weight_and_no_influence() -> None:
    scores = torch.full((2, 2, 3), -1e6, dtype=torch.float64)
    scores[1, :, 2] = 1e6  # would take everything if it were seen
    contexts, weights = attend(scores, MEMORY, VALID)
    assert weights[1, :, 2].tolist() == [0.0, 0.0]
    assert_close(weights.sum(-1), torch.ones(2, 2, dtype=torch.float64))
    changed = MEMORY.clone()
    changed[1, 2] = 1e6
    assert torch.equal(attend(scores, changed, VALID)[0], contexts)


@pytest.mark.parametrize("kind", SCORES)
def test_no_gradient_reaches_a_masked_position(kind: str) -> None:
    memory = MEMORY[..., :2].clone().requires_grad_()
    score = SCORES[kind](2, 2).double()
    contexts, _ = attend(score(OUTPUTS, score.keys(memory)), memory, VALID)
    contexts.square().sum().backward()
    assert memory.grad is not None
    assert memory.grad[1, 2].tolist() == [0.0, 0.0]
    assert bool((memory.grad[VALID] != 0).all())
