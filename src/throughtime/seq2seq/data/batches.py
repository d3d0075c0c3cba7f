"""Batches of a limited number of tokens: which pairs go together, and their tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from throughtime.errors import InputError
from throughtime.layers.special_ids import BOS_ID, PAD_ID

if TYPE_CHECKING:
    from throughtime.text.pair_corpus import EncodedCorpus


class Batch(NamedTuple):
    """B pairs as int64 tensors, padded on the right with PAD_ID; lengths count EOS_ID and stay on the CPU."""

    src: Tensor  # (B, S), EOS_ID last
    src_lengths: Tensor  # (B,)
    tgt_in: Tensor  # (B, T), BOS_ID first
    tgt_out: Tensor  # (B, T), EOS_ID last
    tgt_lengths: Tensor  # (B,)

    @property
    def src_tokens(self) -> int:
        """Number of source tokens, EOS_ID counted, padding not."""
        return int(self.src_lengths.sum())

    @property
    def tgt_tokens(self) -> int:
        """Number of target tokens to predict, EOS_ID counted, padding not."""
        return int(self.tgt_lengths.sum())

    @property
    def words(self) -> int:
        """Number of tokens of both sides, as Sutskever et al. (2014, section 3.5) count words per second."""
        return self.src_tokens + self.tgt_tokens

    def to(self, device: torch.device | str) -> Batch:
        """Return the batch with its ids on `device`."""
        src, tgt_in, tgt_out = (ids.to(device) for ids in (self.src, self.tgt_in, self.tgt_out))
        return self._replace(src=src, tgt_in=tgt_in, tgt_out=tgt_out)


def twice(batch: Batch) -> Batch:
    """Return the batch twice, as one."""
    return Batch(*(torch.cat([part, part]) for part in batch))


Side: TypeAlias = tuple[NDArray[np.int32], NDArray[np.int32]]
"""Concatenated ids of sentences, and the length of each."""


def make_batch(
    corpus: EncodedCorpus,
    indices: NDArray[np.int64],
    change: Callable[[Side, Side], tuple[Side, Side]] | None = None,
) -> Batch:
    """Return the pairs at `indices` (B,) as tensors; `change` may split both sides differently."""
    src_ids, tgt_ids = corpus.rows(indices)
    src, tgt = (src_ids, corpus.src_lengths[indices]), (tgt_ids, corpus.tgt_lengths[indices])
    return batch_of(*(src, tgt) if change is None else change(src, tgt))


def batch_of(src: Side, tgt: Side) -> Batch:
    """Return the sentences of both sides as tensors."""
    (src_ids, src_lengths), (tgt_ids, tgt_lengths) = src, tgt
    tgt_out = _padded(tgt_ids, tgt_lengths)
    tgt_in = np.full_like(tgt_out, BOS_ID)
    tgt_in[:, 1:] = np.where(_valid(tgt_lengths)[:, 1:], tgt_out[:, :-1], PAD_ID)
    return Batch(
        src=torch.from_numpy(_padded(src_ids, src_lengths)),
        src_lengths=torch.from_numpy(src_lengths.astype(np.int64)),
        tgt_in=torch.from_numpy(tgt_in),
        tgt_out=torch.from_numpy(tgt_out),
        tgt_lengths=torch.from_numpy(tgt_lengths.astype(np.int64)),
    )


def _padded(ids: NDArray[np.int32], lengths: NDArray[np.int32]) -> NDArray[np.int64]:
    valid = _valid(lengths)
    padded = np.full(valid.shape, PAD_ID, np.int64)
    padded[valid] = ids
    return padded


def _valid(lengths: NDArray[np.int32]) -> NDArray[np.bool_]:
    return np.arange(lengths.max()) < lengths[:, None]  # (B, T)


def plan_batches(
    src_lengths: NDArray[np.int32],
    tgt_lengths: NDArray[np.int32],
    tokens_per_batch: int,
    seed: int,
    epoch: int,
    max_sentences: int | None = None,
) -> list[NDArray[np.int64]]:
    """Return the indices of each batch of an epoch, every pair once; the same for the same seed and epoch.

    A batch of B pairs has B * max(S, T) <= tokens_per_batch, where S and T are its longest source and target;
    a pair longer than that is a batch of its own. Pairs with sources of exactly equal length go together,
    ordered by target length: without source padding a recurrent layer runs several times faster. Remainders
    of less than half a batch are combined with those of neighbouring source lengths.

    Raises InputError when tokens_per_batch or max_sentences is below 1.
    """
    for name, value in (("tokens_per_batch", tokens_per_batch), ("max_sentences", max_sentences)):
        if value is not None and value < 1:
            raise InputError(f"{name} is {value}; it must be at least 1")
    limits = _Limits(tokens_per_batch, max_sentences or tokens_per_batch)
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, epoch])))
    order = generator.permutation(len(src_lengths))
    order = order[np.lexsort((tgt_lengths[order], src_lengths[order]))]
    widths = np.maximum(src_lengths, tgt_lengths)
    batches: list[NDArray[np.int64]] = []
    leftovers: list[NDArray[np.int64]] = []
    for bucket in _buckets(order, src_lengths):
        parts = limits.cut(bucket, widths)
        small = len(parts) == 1 and not limits.half_full(parts[0], widths)
        (leftovers if small else batches).extend(parts)
    if leftovers:
        batches.extend(limits.cut(np.concatenate(leftovers), widths))
    return [batches[place] for place in generator.permutation(len(batches))]


def _buckets(order: NDArray[np.int64], src_lengths: NDArray[np.int32]) -> list[NDArray[np.int64]]:
    return np.split(order, np.flatnonzero(np.diff(src_lengths[order])) + 1)


@dataclass(frozen=True)
class _Limits:
    tokens: int
    sentences: int

    def cut(self, order: NDArray[np.int64], widths: NDArray[np.int32]) -> list[NDArray[np.int64]]:
        """Cut `order` into runs as long as the limits allow; even out the last two if the last is small."""
        parts = list(self._runs(order, widths))
        if len(parts) > 1 and not self.half_full(parts[-1], widths):
            both = np.concatenate(parts[-2:])
            share = min((len(both) + 1) // 2, self._count(both[::-1], widths))
            parts[-2:] = [both[:-share], both[-share:]]
        return parts

    def half_full(self, batch: NDArray[np.int64], widths: NDArray[np.int32]) -> bool:
        tokens = len(batch) * int(widths[batch].max())
        return 2 * tokens >= self.tokens or 2 * len(batch) >= self.sentences

    def _runs(self, order: NDArray[np.int64], widths: NDArray[np.int32]) -> Iterator[NDArray[np.int64]]:
        start = 0
        while start < len(order):
            count = self._count(order[start:], widths)
            yield order[start : start + count]
            start += count

    def _count(self, order: NDArray[np.int64], widths: NDArray[np.int32]) -> int:
        """Return how many of the first pairs fit into a batch, at least one."""
        most = min(len(order), self.sentences, self.tokens // int(widths[order[0]]))
        longest = np.maximum.accumulate(widths[order[:most]].astype(np.int64))
        fitting = np.searchsorted(longest * np.arange(1, len(longest) + 1), self.tokens, "right")
        return max(1, int(fitting))
