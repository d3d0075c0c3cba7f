"""Attention that depends on the attention so far (See, Liu and Manning 2017, section 2.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from throughtime.layers.attention import Dot, General, Perceptron, softmax_over


class CoveredProduct(nn.Module):
    """score(h, m, c) = h . m + w c for dot and h . (W m) + w c for general; c is the attention on m so far.

    See et al. give the term for mlp only (their equation 11); a product has no hidden layer to put it into.
    """

    def __init__(self, product: Dot | General) -> None:
        super().__init__()
        self.product = product
        self.covered = nn.Parameter(torch.zeros(()))

    def keys(self, memory: Tensor) -> Tensor:
        return self.product.keys(memory)

    def queries(self, outputs: Tensor, keys: Tensor) -> Tensor:
        """Return the part of the scores that does not depend on coverage, (U, N, S)."""
        return self.product(outputs, keys)

    def forward(self, queries: Tensor, keys: Tensor, covered: Tensor) -> Tensor:
        return queries + self.covered * covered


class CoveredPerceptron(nn.Module):
    """score(h, m, c) = v . tanh(W h + U m + w c) (See et al. 2017, equation 11)."""

    def __init__(self, decoder_width: int, memory_width: int) -> None:
        super().__init__()
        self.perceptron = Perceptron(decoder_width, memory_width)
        self.covered = nn.Parameter(torch.zeros(decoder_width))

    def keys(self, memory: Tensor) -> Tensor:
        return self.perceptron.keys(memory)

    def queries(self, outputs: Tensor, keys: Tensor) -> Tensor:
        """Return W h of each output, (U, N, D)."""
        return self.perceptron.query(outputs)

    def forward(self, queries: Tensor, keys: Tensor, covered: Tensor) -> Tensor:
        hidden = queries[:, :, None] + keys[:, None] + covered[..., None] * self.covered
        return self.perceptron.energy(torch.tanh(hidden)).squeeze(-1)


CoveredScore = CoveredProduct | CoveredPerceptron

COVERED_SCORES: Mapping[str, Callable[[int, int], CoveredScore]] = {
    "dot": lambda decoder_width, memory_width: CoveredProduct(Dot(decoder_width, memory_width)),
    "general": lambda decoder_width, memory_width: CoveredProduct(General(decoder_width, memory_width)),
    "mlp": CoveredPerceptron,
}


def attend_in_turn(
    score: CoveredScore, outputs: Tensor, keys: Tensor, valid: Tensor, covered: Tensor
) -> tuple[Tensor, Tensor]:
    """Attend step by step: a(t) = softmax(score(h(t), m, c(t))), c(t+1) = c(t) + a(t).

    outputs: (U, R, T, D), R rows of each source; keys: (U, S, K); valid: (U, S); covered: c(1), (U, R, S).
    Returns the weights (U, R, T, S) and the last c (U, R, S).
    """
    rows, steps = outputs.shape[1:3]
    queries = score.queries(outputs.flatten(1, 2), keys).unflatten(1, (rows, steps))
    weights: list[Tensor] = []
    for query in queries.unbind(2):
        weights.append(softmax_over(score(query, keys, covered), valid))
        covered = covered + weights[-1]
    return torch.stack(weights, 2), covered


def coverage_loss(weights: Tensor) -> Tensor:
    """Return each step's repeated attention: sum_i min(a_i, c_i) (See et al., equation 12).

    weights: (B, T, S), all steps from the first; the result is (B, T).
    """
    return torch.minimum(weights, weights.cumsum(1) - weights).sum(-1)
