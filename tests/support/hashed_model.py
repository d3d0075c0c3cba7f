"""Models for tests of search; the distributions of one hang on the source and on the whole text so far."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

PRIME = 1_000_003


class Hashed(NamedTuple):
    code: Tensor  # (N,) what was read and written so far
    valid: Tensor  # (N, S)


class HashedModel:
    """log p(v | code) = log softmax_v(3 sin(code (v + 1) + seed)); impossible tokens are set to -inf.

    `sizes` notes the number of rows of every step.
    """

    def __init__(self, seed: int, vocab_size: int = 6, impossible: tuple[int, ...] = ()) -> None:
        self.seed = seed
        self.vocab_size = vocab_size
        self.impossible = list(impossible)
        self.sizes: list[int] = []

    def start(self, src: Tensor, src_lengths: Tensor) -> Hashed:
        valid = torch.arange(src.shape[1]) < src_lengths[:, None]
        places = torch.arange(1, src.shape[1] + 1)
        return Hashed(((src * places * 31 * valid).sum(1) + self.seed * 7919) % PRIME, valid)

    def step(self, tokens: Tensor, state: Hashed) -> tuple[Tensor, Hashed]:
        self.sizes.append(len(tokens))
        code = (state.code * 131 + tokens * 17 + 5) % PRIME
        angles = code[:, None].double() * torch.arange(1, self.vocab_size + 1) + self.seed
        logits = 3 * angles.sin()
        logits[:, self.impossible] = -torch.inf
        return logits.log_softmax(1), Hashed(code, state.valid)

    def select(self, state: Hashed, rows: Tensor) -> Hashed:
        return Hashed(state.code[rows], state.valid[rows])


class AttendingHashedModel(HashedModel):
    """The same with attention a(s | code) = softmax_s(2 cos(code (s + 1))) over the source."""

    def attention(self, state: Hashed) -> Tensor:
        angles = state.code[:, None].double() * torch.arange(1, state.valid.shape[1] + 1)
        return (2 * angles.cos()).masked_fill(~state.valid, -torch.inf).softmax(1)


class FixedModel:
    """Step t gives every row the same probabilities[t], (T, V); the last serves all later steps."""

    def __init__(self, probabilities: list[list[float]]) -> None:
        self.table = torch.tensor(probabilities, dtype=torch.float64).log()
        self.vocab_size = self.table.shape[1]
        self.sizes: list[int] = []

    def start(self, src: Tensor, src_lengths: Tensor) -> Tensor:
        return torch.zeros(len(src), dtype=torch.int64)

    def step(self, tokens: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        self.sizes.append(len(tokens))
        return self.table[state.clamp(max=len(self.table) - 1)], state + 1

    def select(self, state: Tensor, rows: Tensor) -> Tensor:
        return state[rows]


def sources() -> tuple[Tensor, Tensor]:
    """Five sources of different lengths, right padded, (5, 4), and their lengths (5,)."""
    lengths = torch.tensor([3, 1, 4, 2, 4])
    src = torch.tensor([[5, 4, 3, 0], [3, 0, 0, 0], [4, 4, 5, 3], [4, 3, 0, 0], [5, 5, 4, 3]])
    return src, lengths


def forced(model: HashedModel, src: Tensor, length: Tensor, tokens: list[int]) -> tuple[list[float], Tensor]:
    """Make one source (S,) give just these tokens.

    Returns their log-probabilities and the attention of every step (T, S), empty for a model without it.
    """
    state, gains, looks = model.start(src[None], length[None]), [], []
    for before, token in zip([2, *tokens], tokens, strict=False):
        answer, state = model.step(torch.tensor([before]), state)
        gains.append(float(answer[0, token]))
        if isinstance(model, AttendingHashedModel):
            looks.append(model.attention(state)[0])
    return gains, torch.stack(looks) if looks else torch.zeros(0, len(src))
