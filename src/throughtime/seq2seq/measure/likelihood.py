"""The likelihood of given translations under trained models."""

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
    """log_probability = sum_t log p(y_t | y_<t, x) in nats, over `tokens` tokens, eos included."""

    log_probability: float
    tokens: int


class Judge:
    """Models that score translations together, as `Ensemble` does: by mean probabilities.

    Each may have its own source vocabulary; they share the target vocabulary.

    Raises InputError for weights that are not one positive number per model.
    """

    def __init__(self, trained: Sequence[Trained], weights: Sequence[float] | None = None) -> None:
        self.trained, self.weights = trained, shares(len(trained), weights)

    @torch.no_grad()
    def likelihoods(self, pairs: Sequence[Pair]) -> list[Likelihood]:
        """Return the likelihood of each pair, in order."""
        writer = self.trained[0].tokenizers.tgt
        tgt = _Encoded([pair.tgt for pair in pairs], writer, unknown=unplaced(writer))
        sources = [_Encoded([pair.src for pair in pairs], member.tokenizers.src) for member in self.trained]
        log_probabilities = np.zeros(len(pairs))
        for rows in plan_batches(sources[0].lengths, tgt.lengths, TOKENS_TOGETHER, seed=0, epoch=0):
            batches = [batch_of(src.side(rows), tgt.side(rows)) for src in sources]
            log_probabilities[rows] = self._judged(batches).numpy()
        return [
            Likelihood(*values)
            for values in zip(log_probabilities.tolist(), tgt.lengths.tolist(), strict=True)
        ]

    def _judged(self, batches: Sequence[Batch]) -> Tensor:
        """Return log P of each pair of a batch, (B,)."""
        unknowns = list(self.trained[0].tokenizers.tgt.unknowns)
        each = [
            target_log_probabilities(member.model, batch, unknowns) + math.log(share)
            for member, batch, share in zip(self.trained, batches, self.weights, strict=True)
        ]
        tokens = torch.stack(each).logsumexp(0).double()
        return tokens.masked_fill(batches[0].tgt_out == PAD_ID, 0.0).sum(1)


def target_log_probabilities(model: Translator, batch: Batch, unknowns: Sequence[int]) -> Tensor:
    """Return log p(y_t | y_<t, x) of a batch's targets (B, T); 0 at padding.

    unknowns: all ids of unknown words; the last one represents them in the targets, with the probability of
    all together.
    """
    encoded = model.encode(batch.src, batch.src_lengths)
    decoded = model.decode(batch.tgt_in, encoded.state, model.head.attended(encoded))
    valid = batch.tgt_out != PAD_ID
    log_probabilities = model.log_probabilities(decoded.words(valid), encoded.src[valid.nonzero()[:, 0]])
    result = decoded.features.new_zeros(valid.shape)
    targets = batch.tgt_out[valid]
    own = log_probabilities.gather(1, targets[:, None])[:, 0]
    of_any = log_probabilities[:, list(unknowns)].logsumexp(1)
    result[valid] = torch.where(targets == unknowns[-1], of_any, own)
    return result


def load_judge(paths: Sequence[Path], weights: Sequence[float] = ()) -> Judge:
    """Load models from their files; raises InputError as `load_pipeline` does."""
    return Judge(load_models(paths), weights or None)


def perplexity(likelihoods: Sequence[Likelihood]) -> float:
    """Return exp(- sum log P / tokens)."""
    return math.exp(
        -sum(likelihood.log_probability for likelihood in likelihoods)
        / sum(likelihood.tokens for likelihood in likelihoods)
    )


class _Encoded:
    """Sentences as ids, EOS_ID last in each; unknown: the id of unknown words."""

    def __init__(self, sentences: Sequence[str], tokenizer: Tokenizer, unknown: int = UNK_ID) -> None:
        ids = ([unknown if k == UNK_ID else k for k in tokenizer.encode(sentence)] for sentence in sentences)
        self._ids = [np.array([*row, EOS_ID], np.int32) for row in ids]
        self.lengths = np.array([len(ids) for ids in self._ids], np.int32)

    def side(self, rows: NDArray[np.int64]) -> Side:
        return np.concatenate(list(self._rows(rows))), self.lengths[rows]

    def _rows(self, rows: NDArray[np.int64]) -> Iterator[NDArray[np.int32]]:
        return (self._ids[row] for row in rows.tolist())
