"""What stands around a recurrence that answers at every step."""

from __future__ import annotations

import math

import pytest
import torch

from throughtime.layers.steps import StepInputs, StepOutput

NAN = math.nan


def test_numbers_gaps_and_vectors_stand_side_by_side() -> None:
    inputs = StepInputs([(0, False), (3, False), (0, True)], embedding_size=2)
    features = inputs(torch.tensor([[[1.5, 1.0, NAN]], [[NAN, 0.0, -1.0]]]))
    vectors = inputs.vectors["1"].weight
    assert not vectors[2].any() and vectors[:2].all()
    expected = [[1.5, *vectors[1].tolist(), 0.0, 1.0], [0.0, *vectors[0].tolist(), -1.0, 0.0]]
    assert inputs.output_size == 5
    assert features[:, 0].tolist() == [pytest.approx(row) for row in expected]


def test_labels_cost_their_cross_entropy_and_missing_ones_nothing() -> None:
    output, features = StepOutput(4, 3), torch.randn(5, 2, 4)
    targets = torch.tensor([[0.0, NAN], [2.0, 1.0], [NAN, NAN], [1.0, 0.0], [2.0, NAN]])
    log_p = output.predict(features)
    assert torch.allclose(log_p, output(features).log_softmax(-1))
    known = ~targets.isnan()
    expected = -log_p[known].gather(1, targets[known].long()[:, None]).sum()
    assert output.loss(features, targets).item() == pytest.approx(expected.item(), rel=1e-5)


def test_numbers_cost_their_squared_error() -> None:
    output, features = StepOutput(4, 0), torch.randn(3, 1, 4)
    predicted = output.predict(features)
    assert predicted.shape == (3, 1)
    loss = output.loss(features, torch.tensor([[1.0], [NAN], [-2.0]]))
    assert loss.item() == pytest.approx(
        ((predicted[0, 0] - 1) ** 2 + (predicted[2, 0] + 2) ** 2).item(), rel=1e-5
    )


def test_no_target_at_all_has_a_gradient_of_zero() -> None:
    for labels in (0, 3):
        output = StepOutput(4, labels)
        output.loss(torch.randn(2, 1, 4), torch.full((2, 1), NAN)).backward()
        assert output.weight.grad is not None and not output.weight.grad.any()
