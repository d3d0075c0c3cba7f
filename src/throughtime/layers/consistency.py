"""Consistency of two passes of a batch with different dropout (R-Drop; Liang et al. 2021).

loss = (CE(p) + CE(q)) / 2 + consistency / 2 * D(p, q)
D(p, q) = (KL(p | q) + KL(q | p)) / 2 = sum_v (p_v - q_v) (log p_v - log q_v) / 2

summed over target tokens; CE is the cross-entropy with label smoothing. This is half the loss of the paper,
so that the cross-entropy counts once, as without the second pass.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import cross_entropy


def agreeing_loss(scores: Tensor, targets: Tensor, smoothing: float, consistency: float) -> Tensor:
    """Return the loss of the scores of both passes, (2 N, V), one after the other, for targets (N,)."""
    both = cross_entropy(scores, targets.repeat(2), label_smoothing=smoothing, reduction="sum")
    log_p, log_q = scores.log_softmax(1).chunk(2)
    apart = ((log_p.exp() - log_q.exp()) * (log_p - log_q)).sum() / 2
    return (both + consistency * apart) / 2
