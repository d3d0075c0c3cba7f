"""How well a network predicts a text: as it is, learning on, and with a cache of what it has read."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from throughtime.layers.forms import State
from throughtime.text.unit_corpus import Ids


class Predictor(Protocol):
    """A module that predicts each unit of a text from those before it."""

    @property
    def output(self) -> nn.Linear:
        """From features to a score for each unit."""
        ...

    def features(
        self, units: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Return the features behind each unit, (T, B, width) of (T, B), and the state after the last."""
        ...

    def eval(self) -> Self:
        """Leave out dropout."""
        ...

    def parameters(self) -> Iterator[nn.Parameter]:
        """Yield the weights."""
        ...


Spans = Sequence[tuple[int, int]]
"""Where the pieces of a text start and end; each is read from the unit before it on, with a new state."""

TOGETHER = 32
"""Pieces that are read side by side."""

STEPS = 512
"""Units of a piece that are read at once."""


def surprises(model: Predictor, ids: Ids, spans: Spans) -> NDArray[np.float64]:
    """Return -log p of each unit of the pieces, one behind the other, in nats."""
    found = [
        nats
        for first in range(0, len(spans), TOGETHER)
        for nats in _side_by_side(model, ids, spans[first : first + TOGETHER])
    ]
    return np.concatenate(found) if found else np.zeros(0)


@torch.no_grad()
def _side_by_side(model: Predictor, ids: Ids, spans: Spans) -> list[NDArray[np.float64]]:
    pieces = [_piece(model, ids, span) for span in spans]
    lengths = torch.tensor([len(piece) - 1 for piece in pieces])
    padded = torch.nn.utils.rnn.pad_sequence(pieces)  # (T + 1, B)
    state: State | None = None
    parts: list[Tensor] = []
    for first in range(0, len(padded) - 1, STEPS):
        units = padded[first : first + STEPS + 1]
        left = (lengths - first).clamp(0, len(units) - 1)
        ragged = None if bool((left == len(units) - 1).all()) else left
        features, state = model.features(units[:-1], state, ragged)
        parts.append(-_log_targets(model, features, units[1:]))
    nats = torch.cat(parts).double().cpu().numpy()
    return [nats[:length, row] for row, length in enumerate(lengths.tolist())]


def _piece(model: Predictor, ids: Ids, span: tuple[int, int]) -> Tensor:
    """Return the units of a piece, behind the one before it; what is before the first is the last."""
    start, end = span
    piece = np.append(ids[start - 1], ids[start:end]).astype(np.int64)
    return torch.from_numpy(piece).to(model.output.weight.device)


def _log_targets(model: Predictor, features: Tensor, targets: Tensor) -> Tensor:
    """Return log p of the targets (T, B)."""
    scores = model.output(features)
    return scores.gather(-1, targets[..., None])[..., 0] - scores.logsumexp(-1)


def dynamic_surprises(
    model: Predictor, ids: Ids, spans: Spans, steps: int, rate: float, decay: float
) -> NDArray[np.float64]:
    """Return -log p of each unit by a model that goes on learning from the text as it passes.

    Dynamic evaluation (Krause, Kahembwe, Murray and Renals 2018, equations 4 to 6): behind every `steps`
    units, with the gradient g of their mean loss,

        w <- w - rate g / (sqrt(v) + e) + decay (w(0) - w),

    v the running mean of g^2. The model itself stays as it is. Pieces are read one behind the other.
    """
    learner = copy.deepcopy(model).eval()
    weights = [weight.requires_grad_() for weight in learner.parameters()]
    first = [weight.detach().clone() for weight in weights]
    optimiser = torch.optim.Adam(weights, rate, betas=(0.0, 0.999), fused=True)
    found: list[Tensor] = []
    for span in spans:
        piece, state = _piece(model, ids, span)[:, None], None
        for place in range(0, len(piece) - 1, steps):
            units = piece[place : place + steps + 1]
            features, after = learner.features(units[:-1], state)
            state = _detached(after)
            nats = -_log_targets(learner, features, units[1:])
            found.append(nats.detach())
            optimiser.zero_grad()
            nats.mean().backward()
            optimiser.step()
            for weight, begun in zip(weights, first, strict=True):
                weight.data.lerp_(begun, decay)
    return torch.cat(found)[:, 0].double().cpu().numpy()


def _detached(state: State) -> State:
    return state.detach() if isinstance(state, Tensor) else tuple(part.detach() for part in state)


@torch.no_grad()
def cached_surprises(
    model: Predictor, ids: Ids, spans: Spans, size: int, weight: float, sharpness: float
) -> NDArray[np.float64]:
    """Return -log p of each unit by the model mixed with what it has read (Grave, Joulin and Usunier 2017).

    p(w) = (1 - weight) p_model(w) + weight sum_i [w(i) = w] a(i),    a = softmax(sharpness h(t) . h(i)),

    over the last `size` units w(i) with the features h(i) from which they were predicted.
    """
    found: list[Tensor] = []
    for span in spans:
        piece, state = _piece(model, ids, span), None
        keys, values = model.output.weight[:0], piece[:0]
        for place in range(0, len(piece) - 1, STEPS):
            units = piece[place : place + STEPS + 1]
            features, state = model.features(units[:-1, None], state)
            own = _log_targets(model, features, units[1:, None])[:, 0].exp()
            keys, values = torch.cat([keys, features[:, 0]]), torch.cat([values, units[1:]])
            similar = _similar(features[:, 0], keys, size, sharpness)
            cached = (similar * (values == units[1:, None])).sum(1)
            share = weight * similar.sum(1)  # nothing has been read before the first unit
            found.append((1 - share) * own + weight * cached)
            keys, values = keys[-size:], values[-size:]
    return -torch.cat(found).log().double().cpu().numpy()


def _similar(queries: Tensor, keys: Tensor, size: int, sharpness: float) -> Tensor:
    """Return softmax(sharpness q . k) of each query over the `size` keys before its own; the last keys are
    those of the queries."""
    places = torch.arange(len(keys), device=keys.device)
    own = places[len(keys) - len(queries) :, None]
    outside = (places >= own) | (places < own - size)
    return (sharpness * (queries @ keys.T)).masked_fill(outside, -torch.inf).softmax(1).nan_to_num()
