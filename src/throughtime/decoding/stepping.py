"""What a search needs from a model, the maximum length of a result, and greedy search."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, runtime_checkable

import torch
from torch import Tensor

from throughtime.errors import InputError
from throughtime.layers.ranking import Ranked, ranked, require_numbers
from throughtime.layers.special_ids import BOS_ID, EOS_ID, PAD_ID

State: TypeAlias = Any
"""What a model remembers between two steps; only the model reads it."""

Choice: TypeAlias = Callable[[Tensor], Tensor]
"""From log-probabilities (N, V) to one token per row (N,)."""

Writer: TypeAlias = Callable[[Tensor, State, int, Tensor], tuple[Tensor, Tensor, State]]
"""Chooses the next tokens.

From the last tokens (N,), the state, the number of tokens written, and the maximum (N,), to the next tokens
(N,), their log-probabilities (N,) and the new state. A row without a possible token ends, at -inf.
"""


class StepModel(Protocol):
    """A model that writes N rows side by side, one token at a time, each for its own source."""

    @property
    def vocab_size(self) -> int:
        """Number V of target tokens."""
        ...

    def start(self, src: Tensor, src_lengths: Tensor) -> State:
        """Read B sources, src (B, S) right padded with src_lengths (B,), into a state of B rows."""
        ...

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """Take every row's last token (N,); return log-probabilities of the next (N, V) and the new state."""
        ...

    def select(self, state: State, rows: Tensor) -> State:
        """Return the state of the given rows (M,), which may be repeated, dropped and reordered."""
        ...


@runtime_checkable
class AttendingModel(StepModel, Protocol):
    """A model that reports its attention, as the coverage penalty requires."""

    def attention(self, state: State) -> Tensor | None:
        """Return the last step's weights over the source (N, S), rows of sum 1; None without attention."""
        ...


@runtime_checkable
class RankingModel(StepModel, Protocol):
    """A model that finds its most probable tokens without the log-probabilities of all."""

    def best(self, tokens: Tensor, state: State, count: int) -> tuple[Ranked, State]:
        """As `step`, but return the `count` most probable tokens of each row; any NaN makes ends NaN."""
        ...


@dataclass(frozen=True)
class Hypothesis:
    """One written sentence: its tokens without bos and eos, and its score.

    log_probability = sum_t log p(y_t | y_<t, x), eos included, in nats; score is what the search ranks by,
    log_probability with its penalties. Both are -inf if the model cannot end the text. looked: for each token
    the source position with the most attention when it was written; empty if the model has no attention.
    """

    tokens: list[int]
    score: float
    log_probability: float
    looked: list[int] = field(default_factory=list, compare=False)


def attention_of(model: StepModel, state: State) -> Tensor | None:
    """Return the last step's weights over the source (N, S); None without attention."""
    attention = getattr(model, "attention", None)  # isinstance of a protocol takes longer than some steps
    weights = None if attention is None else attention(state)
    return weights if weights is not None and weights.shape[1] else None


@dataclass(frozen=True)
class LengthRule:
    """How many tokens, eos not counted, may be written for a source of S tokens.

    min_length <= |Y| <= max(min_length, floor(ratio * S) + offset). A text that reaches the upper limit must
    end there, and its eos counts as any other token. floor: for each source a minimum of the upper limit.

    Raises InputError for negative or non-finite numbers.
    """

    ratio: float
    offset: int
    min_length: int
    floor: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name in ("ratio", "offset", "min_length"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                option = name if name == "min_length" else f"max_length_{name}"
                raise InputError(f"{option} is {value}; expected a number of at least 0")

    def limits(self, src_lengths: Tensor) -> Tensor:
        """Return the maximum number of tokens for each source, (B,) int64."""
        limits = (src_lengths.double() * self.ratio).floor().long() + self.offset
        if self.floor:
            limits = limits.maximum(torch.tensor(self.floor, device=limits.device))
        return limits.clamp(min=self.min_length)


def allowed(log_probabilities: Tensor, written: int, limits: Tensor, min_length: int) -> Tensor:
    """Return log-probabilities (N, V) with -inf for every token that may not come next.

    Never pad or bos; no eos before `min_length` tokens are written; nothing but eos once the row's limit (N,)
    is reached. The others are not renormalised.

    Raises InputError if the model gives NaN.
    """
    require_numbers(log_probabilities)
    masked = log_probabilities.clone()
    masked[:, [PAD_ID, BOS_ID]] = -math.inf
    if written < min_length:
        masked[:, EOS_ID] = -math.inf
    ends = limits <= written
    if ends.any():
        masked.masked_fill_(ends.unsqueeze(1), -math.inf)
        masked[:, EOS_ID] = torch.where(ends, log_probabilities[:, EOS_ID], masked[:, EOS_ID])
    return masked


def best_of(model: StepModel, count: int) -> Callable[[Tensor, State], tuple[Ranked, State]]:
    """Return a step that gives the `count` most probable tokens, by the model itself if it can."""
    if isinstance(model, RankingModel):
        return lambda tokens, state: model.best(tokens, state, count)

    def best(tokens: Tensor, state: State) -> tuple[Ranked, State]:
        log_probabilities, state = model.step(tokens, state)
        return ranked(log_probabilities, count), state

    return best


def restrained(ranks: Ranked, written: int, limits: Tensor, min_length: int) -> Ranked:
    """As `allowed`, for the most probable tokens; those that may not come next become -inf in place.

    Raises InputError if the model gives NaN.
    """
    require_numbers(ranks.ends)
    values, tokens, ends = ranks
    if written < min_length:
        values = values.masked_fill(tokens == EOS_ID, -math.inf)
    full = (limits <= written).unsqueeze(1)
    if full.any():
        values, tokens = values.masked_fill(full, -math.inf), tokens.masked_fill(full, EOS_ID)
        values[:, 0] = torch.where(full[:, 0], ends, values[:, 0])
    return Ranked(values, tokens, ends)


def greedy(model: StepModel, src: Tensor, src_lengths: Tensor, max_length: LengthRule) -> list[Hypothesis]:
    """Write the most probable token at every step; src is (B, S), the result B hypotheses in its order.

    y_t = argmax_v log p(v | y_<t, x); of equal tokens the one with the lower id. score is log_probability.
    """
    best = best_of(model, 1 if max_length.min_length == 0 else 2)

    def write(tokens: Tensor, state: State, written: int, limits: Tensor) -> tuple[Tensor, Tensor, State]:
        ranks, state = best(tokens, state)
        values, tokens, _ = restrained(ranks, written, limits, max_length.min_length)
        gains, places = values.max(1, keepdim=True)
        tokens = tokens.gather(1, places).masked_fill(gains == -math.inf, EOS_ID)
        return tokens.squeeze(1), gains.squeeze(1), state

    return unroll(model, src, src_lengths, max_length, write)


@torch.no_grad()
def unroll(
    model: StepModel, src: Tensor, src_lengths: Tensor, rule: LengthRule, write: Writer, copies: int = 1
) -> list[Hypothesis]:
    """Write `copies` sentences for each of B sources, each next token by `write`.

    Returns B * copies hypotheses, the copies of a source side by side. Finished rows leave the batch.
    """
    if len(src) == 0:
        return []
    rows = torch.arange(len(src), device=src.device).repeat_interleave(copies)
    state = model.start(src, src_lengths)
    if copies > 1:
        state = model.select(state, rows)
    limits = rule.limits(src_lengths).to(src.device)[rows]
    tokens, live = torch.full_like(rows, BOS_ID), torch.arange(len(rows), device=src.device)
    texts = torch.full((len(rows), int(limits.max()) + 1), EOS_ID, device=src.device)
    looked, totals = torch.full_like(texts, -1), torch.zeros(len(rows), dtype=torch.float64)
    totals = totals.to(src.device)
    for written in range(texts.shape[1]):
        tokens, gains, state = write(tokens, state, written, limits)
        texts[live, written] = tokens
        totals[live] += gains
        if (weights := attention_of(model, state)) is not None:
            looked[live, written] = weights.argmax(1)
        going = (tokens != EOS_ID).nonzero().flatten()
        if len(going) == 0:
            break
        if len(going) < len(live):
            live, tokens, limits = live[going], tokens[going], limits[going]
            state = model.select(state, going)
    written_out = zip(texts.tolist(), totals.tolist(), looked.tolist(), strict=True)
    return [_ended(text, total, places) for text, total, places in written_out]


def _ended(text: list[int], total: float, places: list[int]) -> Hypothesis:
    size = text.index(EOS_ID)
    return Hypothesis(text[:size], total, total, [] if -1 in places[:size] else places[:size])


def by_choice(model: StepModel, choose: Choice, min_length: int) -> Writer:
    """Return a writer that takes the next tokens by `choose` from the allowed log-probabilities."""

    def write(tokens: Tensor, state: State, written: int, limits: Tensor) -> tuple[Tensor, Tensor, State]:
        log_probabilities, state = model.step(tokens, state)
        return *_choose(allowed(log_probabilities, written, limits, min_length), choose), state

    return write


def _choose(log_probabilities: Tensor, choose: Choice) -> tuple[Tensor, Tensor]:
    """Return chosen tokens (N,) and their log-probabilities; an impossible row ends, at -inf."""
    dead = (log_probabilities == -math.inf).all(1)
    offered = log_probabilities.clone()
    offered[dead, EOS_ID] = 0.0
    tokens = choose(offered)
    return tokens, log_probabilities.gather(1, tokens.unsqueeze(1)).squeeze(1)
