"""How likely trained models hold translations that are given."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from throughtime.decoding.ensemble import shares
from throughtime.files.pairs import Pair
from throughtime.layers.special_ids import EOS_ID, PAD_ID, UNK_ID
from throughtime.seq2seq.data.batches import Batch, Side, batch_of, plan_batches
from throughtime.seq2seq.model_file import Trained, load_models
from throughtime.seq2seq.network.model import Translator
from throughtime.text.tokenizer import Tokenizer, unplaced

TOKENS_TOGETHER = 4_000
"""Tokens of a batch, padding included."""


class Likelihood(NamedTuple):
    """log_probability = sum_t log p(y_t | y_<t, x) in nats, over `tokens` tokens, the closing eos too."""

    log_probability: float
    tokens: int


class Judge:
    """Models that tell how likely they hold translations, together as `Ensemble` does: by mean probabilities.

    Each may read by a source vocabulary of its own; they write by one. Raises InputError for weights that are
    not one positive number for each model.
    """

    def __init__(self, trained: Sequence[Trained], weights: Sequence[float] | None = None) -> None:
        self.trained, self.weights = trained, shares(len(trained), weights)

    @torch.no_grad()
    def likelihoods(self, pairs: Sequence[Pair]) -> list[Likelihood]:
        """One for each pair, in their order."""
        writer = self.trained[0].tokenizers.tgt
        tgt = _Encoded([pair.tgt for pair in pairs], writer, unknown=unplaced(writer))
        sources = [_Encoded([pair.src for pair in pairs], one.tokenizers.src) for one in self.trained]
        found = np.zeros(len(pairs))
        for rows in plan_batches(sources[0].lengths, tgt.lengths, TOKENS_TOGETHER, seed=0, epoch=0):
            batches = [batch_of(src.side(rows), tgt.side(rows)) for src in sources]
            found[rows] = self._judged(batches).numpy()
        return [Likelihood(*one) for one in zip(found.tolist(), tgt.lengths.tolist(), strict=True)]

    def _judged(self, batches: Sequence[Batch]) -> Tensor:
        """log P of each pair of a batch, (B,)."""
        unknowns = list(self.trained[0].tokenizers.tgt.unknowns)
        each = [
            target_log_probabilities(one.model, batch, unknowns) + math.log(share)
            for one, batch, share in zip(self.trained, batches, self.weights, strict=True)
        ]
        tokens = torch.stack(each).logsumexp(0).double()
        return tokens.masked_fill(batches[0].tgt_out == PAD_ID, 0.0).sum(1)


def target_log_probabilities(model: Translator, batch: Batch, unknowns: Sequence[int]) -> Tensor:
    """log p(y_t | y_<t, x) of a batch's targets (B, T); 0 at padding.

    unknowns: ids that all stand for an unknown word; the last stands for it in the targets, and its
    probability is that of all.
    """
    encoded = model.encode(batch.src, batch.src_lengths)
    decoded = model.decode(batch.tgt_in, encoded.state, model.head.attended(encoded))
    valid = batch.tgt_out != PAD_ID
    log_probabilities = model.log_probabilities(decoded.words(valid), encoded.src[valid.nonzero()[:, 0]])
    found = decoded.features.new_zeros(valid.shape)
    targets = batch.tgt_out[valid]
    own = log_probabilities.gather(1, targets[:, None])[:, 0]
    of_any = log_probabilities[:, list(unknowns)].logsumexp(1)
    found[valid] = torch.where(targets == unknowns[-1], of_any, own)
    return found


def load_judge(paths: Sequence[Path], weights: Sequence[float] = ()) -> Judge:
    """Models from their files; raises InputError as `load_pipeline` does."""
    return Judge(load_models(paths), weights or None)


def perplexity(likelihoods: Sequence[Likelihood]) -> float:
    """exp(- sum log P / tokens)."""
    return math.exp(-sum(one.log_probability for one in likelihoods) / sum(one.tokens for one in likelihoods))


class _Encoded:
    """Sentences as ids, EOS_ID last in each; unknown: what stands for unknown words."""

    def __init__(self, sentences: Sequence[str], tokenizer: Tokenizer, unknown: int = UNK_ID) -> None:
        ids = ([unknown if k == UNK_ID else k for k in tokenizer.encode(one)] for one in sentences)
        self._ids = [np.array([*one, EOS_ID], np.int32) for one in ids]
        self.lengths = np.array([len(ids) for ids in self._ids], np.int32)

    def side(self, rows: NDArray[np.int64]) -> Side:
        return np.concatenate(list(self._rows(rows))), self.lengths[rows]

    def _rows(self, rows: NDArray[np.int64]) -> Iterator[NDArray[np.int32]]:
        return (self._ids[row] for row in rows.tolist())
