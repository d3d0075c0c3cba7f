"""Output layers: from features to words, and the loss of the target words.

Each has the same three functions: `loss(features (N, E), targets (N,), smoothing)`, the cross-entropy summed
over rows, with that share of each target spread over all words; `log_probabilities(features)`, (N, V); and
`best(features, count)`, the `count` most probable words of each row, for search.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, linear
from torch.utils.checkpoint import checkpoint

from throughtime.engine import softmax
from throughtime.engine.native import computes
from throughtime.engine.packed_products import best_words
from throughtime.engine.softmax import ROWS_AT_ONCE
from throughtime.layers.chunked_loss import chunked_loss
from throughtime.layers.consistency import agreeing_loss
from throughtime.layers.ranking import Ranked, ranked
from throughtime.layers.special_ids import BOS_ID, EOS_ID, PAD_ID

CLUSTERS = (0.04, 0.2)
"""Shares of the vocabulary, most frequent words first, at which the adaptive layer begins a new cluster."""


class FullOutput(nn.Linear):
    """log p(v) = log softmax(W f + b)_v, the scores of all rows and words at once."""

    def loss(self, features: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        return cross_entropy(self(features), targets, label_smoothing=smoothing, reduction="sum")

    def agreeing_loss(
        self, features: Tensor, targets: Tensor, smoothing: float, consistency: float
    ) -> Tensor:
        """Return the loss of two passes that should agree on the targets (N,), see `consistency.py`.

        features: (2 N, E), those of the second pass after those of the first.
        """
        return agreeing_loss(self(features), targets, smoothing, consistency)

    def log_probabilities(self, features: Tensor) -> Tensor:
        if torch.is_grad_enabled() or features.dim() != 2 or not computes(features, self.weight):
            return self(features).log_softmax(-1)
        return softmax.log_probabilities(features, self.weight, self.bias)

    def log_targets(self, features: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return log p of each row's target, and the mean of log p over all words; (N,) each."""
        return _log_targets(features, self.weight, self.bias, targets)

    def best(self, features: Tensor, count: int) -> Ranked:
        count = min(count, self.out_features)
        if torch.is_grad_enabled() or not computes(features, self.weight):
            return ranked(self.log_probabilities(features), count)
        return Ranked(*best_words(features, self.weight, self.bias, count, EOS_ID, (PAD_ID, BOS_ID)))


class ChunkedOutput(FullOutput):
    """The same, but in training the scores of only a few rows exist at a time.

    By the engine on the CPU, by torch's operations elsewhere. It has no second derivatives.
    """

    def loss(self, features: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        if torch.is_autocast_enabled(features.device.type):
            return super().loss(features, targets, smoothing)
        return chunked_loss(features, self.weight, self.bias, targets, smoothing)

    def agreeing_loss(
        self, features: Tensor, targets: Tensor, smoothing: float, consistency: float
    ) -> Tensor:
        if torch.is_autocast_enabled(features.device.type):
            return super().agreeing_loss(features, targets, smoothing, consistency)
        pairs = torch.stack(features.chunk(2), 1).flatten(0, 1)
        return chunked_loss(pairs, self.weight, self.bias, targets, smoothing, consistency)

    def log_targets(self, features: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Compute a few rows at a time, by torch's operations; scores are recomputed in the backward pass."""
        chunks = [
            checkpoint(_log_targets, rows, self.weight, self.bias, wanted, use_reentrant=False)
            for rows, wanted in zip(features.split(ROWS_AT_ONCE), targets.split(ROWS_AT_ONCE), strict=True)
        ]
        return torch.cat([own for own, _ in chunks]), torch.cat([mean for _, mean in chunks])


class SampledOutput(FullOutput):
    """Trained on each target against a sample of words, the same for all rows of a batch (Jean et al. 2015).

    loss = -log(exp(s_t) / sum_v in {t} and sample exp(s_v)),  s_v = w_v f + b_v - log q(v)

    q(v) is the expected count of v in the sample, which is drawn from a log-uniform distribution over ranks:
    words must be numbered by frequency. Label smoothing is not applied. In evaluation the loss is that of all
    words.
    """

    def __init__(self, width: int, words: int, sample: int) -> None:
        super().__init__(width, words)
        self.sample = min(sample, words)

    def loss(self, features: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        if not self.training:
            return super().loss(features, targets, smoothing)
        sample, tries = self._drawn()
        scores = linear(features, self.weight[sample], self.bias[sample]) - self._expected(sample, tries)
        scores = scores.masked_fill(sample == targets[:, None], -math.inf)
        own = (features * self.weight[targets]).sum(-1) + self.bias[targets] - self._expected(targets, tries)
        everything = torch.cat([own[:, None], scores], 1)
        return (everything.logsumexp(1) - own).sum()

    def _drawn(self) -> tuple[Tensor, int]:
        """Draw a sample of distinct words; return it and the number of draws it took."""
        words, device = self.out_features, self.weight.device
        sample, tries = torch.empty(0, dtype=torch.long, device=device), 0
        while len(sample) < self.sample:
            drawn = torch.rand(self.sample, device=device).mul_(math.log(words + 1)).exp_().long() - 1
            sample = torch.cat([sample, drawn.clamp_(0, words - 1)]).unique()
            tries += self.sample
        return sample[torch.randperm(len(sample), device=device)[: self.sample]], tries

    def _expected(self, words: Tensor, tries: int) -> Tensor:
        """Return log q of these words after `tries` draws."""
        p = torch.log1p(1 / (words + 1.0)) / math.log(self.out_features + 1)
        return torch.log(-torch.expm1(tries * torch.log1p(-p)))


class AdaptiveOutput(nn.AdaptiveLogSoftmaxWithLoss):
    """torch's adaptive softmax (Grave et al. 2017): rare words in clusters of narrower features.

    Words must be numbered by frequency. Label smoothing is not applied.
    """

    def __init__(self, width: int, words: int) -> None:
        cutoffs = sorted({max(1, int(share * words)) for share in CLUSTERS})
        narrower = min(4.0, width ** (1 / len(CLUSTERS)))  # no cluster without a feature
        super().__init__(width, words, [cutoff for cutoff in cutoffs if cutoff < words], narrower)

    def loss(self, features: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        unused = sum(parameter.sum() for parameter in self.tail.parameters())  # by a batch without rare words
        return -self(features, targets).output.sum() + 0.0 * unused

    def log_probabilities(self, features: Tensor) -> Tensor:
        return self.log_prob(features)

    def best(self, features: Tensor, count: int) -> Ranked:
        return ranked(self.log_probabilities(features), count)


def output_layer(
    kind: Literal["chunked", "full", "sampled", "adaptive"], width: int, words: int, sample: int
) -> FullOutput | AdaptiveOutput:
    """Return the layer of this kind; sample: number of words in the sample of a sampled one."""
    match kind:
        case "chunked":
            return ChunkedOutput(width, words)
        case "full":
            return FullOutput(width, words)
        case "sampled":
            return SampledOutput(width, words, sample)
        case "adaptive":
            return AdaptiveOutput(width, words)


def _log_targets(features: Tensor, weight: Tensor, bias: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    scores = linear(features, weight, bias).to(weight.dtype)  # autocast sums exponentials in half precision
    everything = scores.logsumexp(-1)
    return scores.gather(1, targets[:, None])[:, 0] - everything, scores.mean(-1) - everything
