"""Beam search, batched over sentences and over the hypotheses of each."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from throughtime.decoding.stepping import (
    Hypothesis,
    LengthRule,
    State,
    StepModel,
    attention_of,
    best_of,
    restrained,
)
from throughtime.errors import InputError
from throughtime.layers.ranking import Ranked
from throughtime.layers.special_ids import BOS_ID, EOS_ID


@dataclass(frozen=True)
class BeamSettings:
    """How a beam is searched and how its finished hypotheses are ranked (Wu et al. 2016, equation 14).

    score(Y, X) = log P(Y | X) / lp(Y) + cp(X, Y)
    lp(Y) = ((5 + |Y|) / 6) ** length_penalty
    cp(X, Y) = coverage_penalty * sum_i log(min(sum_j a_ij, 1))

    |Y| counts eos; a_ij is the attention on source token i when target token j, eos included, was written.
    length_penalty 0 and coverage_penalty 0 give the plain sum of log-probabilities (Sutskever et al. 2014).
    beam_size hypotheses per sentence are kept at each step, and up to n_best finished ones are returned.

    Raises InputError for sizes under 1, n_best above beam_size and negative penalties.
    """

    beam_size: int
    length_penalty: float
    coverage_penalty: float
    n_best: int
    max_length: LengthRule

    def __post_init__(self) -> None:
        if self.beam_size < 1:
            raise InputError(f"beam_size is {self.beam_size}; expected at least 1")
        if not 1 <= self.n_best <= self.beam_size:
            raise InputError(f"n_best is {self.n_best}; expected 1 to beam_size, which is {self.beam_size}")
        for name in ("length_penalty", "coverage_penalty"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise InputError(f"{name} is {value}; expected a number of at least 0")


@dataclass(frozen=True)
class _Live:
    """B sentences still being written, each with W hypotheses of t tokens, best first."""

    sentences: Tensor  # (B,) their indices in the original batch
    limits: Tensor  # (B,) maximum tokens
    source: Tensor  # (B, S) True where the source has a token
    tokens: Tensor  # (B, W, t + 1) bos first
    totals: Tensor  # (B, W) sums of log-probabilities, -inf if there are fewer than W
    coverage: Tensor  # (B, W, S) attention so far; S = 0 without a coverage penalty
    looked: Tensor  # (B, W, t) the source position with most attention for each token, -1 if unknown
    looking: Tensor  # (B, W) the same for the token being chosen

    @property
    def written(self) -> int:
        return self.tokens.shape[2] - 1


@dataclass(frozen=True)
class _Candidates:
    """The C best extensions by one token of each sentence's hypotheses, best first."""

    totals: Tensor  # (B, C)
    parents: Tensor  # (B, C) which of the W hypotheses is extended
    tokens: Tensor  # (B, C) the token it is extended by


@torch.no_grad()
def beam(
    model: StepModel, src: Tensor, src_lengths: Tensor, settings: BeamSettings
) -> list[list[Hypothesis]]:
    """Return the n_best hypotheses of each source, best first; src is (B, S), src_lengths (B,).

    A hypothesis is finished when eos is among the beam_size best extensions of its sentence. A sentence is
    done when no live hypothesis can beat its n_best finished ones: log-probabilities only fall, so a live
    total s can at most become the score s / lp(longest allowed). There are fewer than n_best results if fewer
    are possible, but always one. Of equal scores the one finished first comes first.

    Raises InputError for a coverage penalty with a model without attention.
    """
    finished: list[list[Hypothesis]] = [[] for _ in range(len(src))]
    if not finished:
        return finished
    live, state = _begin(src, src_lengths, settings), model.start(src, src_lengths)
    best = best_of(model, settings.beam_size + 1)
    while True:
        ranks, state = best(live.tokens[:, :, -1].flatten(), state)
        live = _look(live, model, state, settings)
        extensions = _extend(live, ranks, settings)
        _finish(live, extensions, settings, finished)
        live, rows = _advance(live, extensions, settings, finished)
        if len(rows) == 0:
            return finished
        state = model.select(state, rows)


def _look(live: _Live, model: StepModel, state: State, settings: BeamSettings) -> _Live:
    """Add the attention of the model's last step."""
    weights = attention_of(model, state)
    if weights is not None:
        live = replace(live, looking=weights.argmax(1).view_as(live.looking))
    if settings.coverage_penalty == 0:
        return live
    if weights is None:
        raise InputError(
            f"coverage_penalty is {settings.coverage_penalty}, but there is no attention to sum up: the "
            "model has none, or an ensemble's members read by different vocabularies; expected 0"
        )
    return replace(live, coverage=live.coverage + weights.view_as(live.coverage))


def _begin(src: Tensor, src_lengths: Tensor, settings: BeamSettings) -> _Live:
    """Return one empty hypothesis for each source."""
    size, positions = len(src), src.shape[1] if settings.coverage_penalty > 0 else 0
    lengths = src_lengths.to(src.device)
    return _Live(
        sentences=torch.arange(size, device=src.device),
        limits=settings.max_length.limits(lengths),
        source=torch.arange(positions, device=src.device) < lengths.unsqueeze(1),
        tokens=torch.full((size, 1, 1), BOS_ID, device=src.device),
        totals=torch.zeros(size, 1, device=src.device),
        coverage=torch.zeros(size, 1, positions, device=src.device),
        looked=torch.empty(size, 1, 0, dtype=torch.int64, device=src.device),
        looking=torch.full((size, 1), -1, device=src.device),
    )


def _extend(live: _Live, ranks: Ranked, settings: BeamSettings) -> _Candidates:
    """Extend by the most probable tokens (B * W, C) of each hypothesis.

    A sentence continues with the beam_size most probable extensions that do not end, so C = beam_size + 1,
    with or without eos, is enough.
    """
    size, width = live.totals.shape
    rows = live.limits.repeat_interleave(width)
    options, tokens, _ = restrained(ranks, live.written, rows, settings.max_length.min_length)
    count = options.shape[1]
    totals = (live.totals.view(-1, 1) + options).view(size, width * count)
    values, places = totals.sort(dim=1, descending=True, stable=True)
    return _Candidates(values, places // count, tokens.reshape(size, -1).gather(1, places))


def _finish(
    live: _Live, extensions: _Candidates, settings: BeamSettings, finished: list[list[Hypothesis]]
) -> None:
    """Store the hypotheses that end within the beam, and keep the n_best of each sentence."""
    ranks = torch.arange(extensions.totals.shape[1], device=live.totals.device)
    ends = (extensions.tokens == EOS_ID) & (ranks < settings.beam_size) & (extensions.totals > -math.inf)
    rows = ends.nonzero()[:, 0]
    if len(rows) == 0:
        return
    scores = extensions.totals / _length_penalty(live.written + 1, settings)
    if settings.coverage_penalty > 0:
        scores = scores + _coverage_penalty(live, settings).gather(1, extensions.parents)
    texts = live.tokens[rows, extensions.parents[ends], 1:].tolist()
    looked = live.looked[rows, extensions.parents[ends]].tolist()
    places, numbers = live.sentences[rows].tolist(), torch.stack([scores, extensions.totals], dim=-1)[ends]
    for place, text, where, (score, total) in zip(places, texts, looked, numbers.tolist(), strict=True):
        finished[place].append(Hypothesis(text, score, total, [] if -1 in where else where))
    for place in set(places):
        finished[place] = sorted(finished[place], key=_score, reverse=True)[: settings.n_best]


def _score(hypothesis: Hypothesis) -> float:
    return hypothesis.score


def score_of(total: float, length: int, settings: BeamSettings) -> float:
    """Return the score of a text of `length` tokens, eos included, without the coverage penalty."""
    return total / _length_penalty(length, settings)


def _length_penalty(length: Tensor | int, settings: BeamSettings) -> Any:
    return ((5 + length) / 6) ** settings.length_penalty


def _coverage_penalty(live: _Live, settings: BeamSettings) -> Tensor:
    """Return cp of each hypothesis (B, W); unattended source tokens count as the least positive number."""
    covered = live.coverage.clamp(torch.finfo(live.coverage.dtype).tiny, 1).log()
    return settings.coverage_penalty * (covered * live.source.unsqueeze(1)).sum(2)


def _advance(
    live: _Live, extensions: _Candidates, settings: BeamSettings, finished: list[list[Hypothesis]]
) -> tuple[_Live, Tensor]:
    """Return the hypotheses to continue, and the rows of the model's state they continue from, (B' * W',)."""
    onward = _onward(extensions, settings.beam_size, live.totals.shape[1])
    going = _can_still_win(live, onward, settings, finished)
    _close_dead_ends(live, going, finished)
    kept = going.nonzero()  # (B', 1)
    parents = onward.parents[kept.squeeze(1)]  # (B', W')
    texts = torch.cat([live.tokens[kept, parents], onward.tokens[kept.squeeze(1)].unsqueeze(2)], dim=2)
    looking = live.looking[kept, parents]
    moved = _Live(
        sentences=live.sentences[going],
        limits=live.limits[going],
        source=live.source[going],
        tokens=texts,
        totals=onward.totals[going],
        coverage=live.coverage[kept, parents],
        looked=torch.cat([live.looked[kept, parents], looking.unsqueeze(2)], dim=2),
        looking=looking,
    )
    return moved, (kept * live.totals.shape[1] + parents).flatten()


def _onward(extensions: _Candidates, beam_size: int, hypotheses: int) -> _Candidates:
    """Return the best `beam_size` extensions that do not end, in order; at most one per hypothesis ends."""
    width = min(beam_size, extensions.totals.shape[1] - hypotheses)
    ends = extensions.tokens == EOS_ID
    order = ends.byte().sort(dim=1, stable=True).indices[:, :width]
    return _Candidates(
        extensions.totals.masked_fill(ends, -math.inf).gather(1, order),
        extensions.parents.gather(1, order),
        extensions.tokens.gather(1, order),
    )


def _can_still_win(
    live: _Live, onward: _Candidates, settings: BeamSettings, finished: list[list[Hypothesis]]
) -> Tensor:
    """True for each sentence (B,) whose best live hypothesis may still enter its n_best."""
    ranked = [finished[place] for place in live.sentences.tolist()]
    to_beat = [
        hypotheses[-1].score if len(hypotheses) == settings.n_best else -math.inf for hypotheses in ranked
    ]
    longest = (live.limits + 1).to(onward.totals.dtype)
    hopes = onward.totals[:, 0] / _length_penalty(longest, settings)
    return hopes > torch.tensor(to_beat, dtype=hopes.dtype, device=hopes.device)


def _close_dead_ends(live: _Live, going: Tensor, finished: list[list[Hypothesis]]) -> None:
    """Finish a sentence that can neither continue nor has ended with its best text, at -inf."""
    for row in (~going).nonzero().flatten().tolist():
        place = int(live.sentences[row])
        if not finished[place]:
            finished[place].append(Hypothesis(live.tokens[row, 0, 1:].tolist(), -math.inf, -math.inf))
