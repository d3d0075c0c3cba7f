"""What stands before and behind a recurrence that reads columns and answers at every step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss


class StepInputs(nn.Module):
    """x(t) = [numbers, where they are missing, vectors of codes] of the columns of a step.

    A missing number, NaN, is 0, and where its column has gaps 1 in a feature beside it. A code has a learned
    vector; that of the last one, which stands for what is unknown, begins as 0.

    columns: for each column the number of its codes, 0 for numbers, and whether it has gaps.
    embedding_size: width of the vector of a code.
    """

    def __init__(self, columns: Sequence[tuple[int, bool]], embedding_size: int) -> None:
        super().__init__()
        self.columns = [(str(place), *column) for place, column in enumerate(columns)]
        vectors = {place: nn.Embedding(size, embedding_size) for place, size, _ in self.columns if size}
        for each in vectors.values():
            nn.init.zeros_(each.weight[-1])
        self.vectors = nn.ModuleDict(vectors)
        self.output_size = sum(embedding_size if size else 1 + gap for _, size, gap in self.columns)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the features (..., output_size) of inputs (..., C)."""
        return torch.cat([*self._features(inputs)], -1)

    def _features(self, inputs: Tensor) -> Iterator[Tensor]:
        for (place, size, gap), column in zip(self.columns, inputs.split(1, -1), strict=True):
            yield self.vectors[place](column[..., 0].long()) if size else column.nan_to_num()
            if gap and not size:
                yield column.isnan().to(inputs.dtype)


class StepOutput(nn.Linear):
    """y(t) = W h(t) + b, a score of each label, or without labels one number."""

    def __init__(self, input_size: int, labels: int) -> None:
        super().__init__(input_size, labels or 1)
        self.labels = labels

    def loss(self, features: Tensor, targets: Tensor) -> Tensor:
        """Return the cross-entropy in nats, or the squared error, summed over the targets that are not NaN.

        features: (..., input_size). targets: (...), labels from 0, or numbers.
        """
        known = ~targets.isnan()
        answers, targets = self(features[known]), targets[known]
        if not self.labels:
            return mse_loss(answers[:, 0], targets, reduction="sum")
        return cross_entropy(answers, targets.long(), reduction="sum")

    def predict(self, features: Tensor) -> Tensor:
        """Return the log probabilities of the labels (..., L), or the number (...)."""
        return self(features).log_softmax(-1) if self.labels else self(features)[..., 0]
