"""What the simplest translators reach: the floor that a trained one is compared with."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from throughtime.measure.text_scores import accuracy, quick_bleu
from throughtime.text.pair_corpus import EncodedCorpus
from throughtime.training.task import Floor

_ROWS = 50_000  # pairs of a corpus whose ids are in memory at a time


def floor_of(
    train: EncodedCorpus, validation: EncodedCorpus, tgt_words: int, references: Sequence[str]
) -> Floor:
    """Return the validation metrics of a model that knows only how frequent each word is.

    Its loss is -sum_w q(w) log p(w), p the shares of target tokens in training, each counted once more, and q
    those in validation. Its translation of every source is the most frequent of the `references`.
    """
    counts = _counts(train, tgt_words) + 1.0
    wanted = _counts(validation, tgt_words)
    loss = -float(wanted @ np.log(counts / counts.sum()) / wanted.sum())
    texts = [Counter(references).most_common(1)[0][0]] * len(references)
    return Floor(
        "a model that knows only how frequent each word is",
        {
            "loss": loss,
            "perplexity": math.exp(loss),
            "bleu": quick_bleu(texts, references),
            "accuracy": accuracy(texts, references),
        },
    )


def _counts(corpus: EncodedCorpus, tgt_words: int) -> NDArray[np.float64]:
    """Return how often each target id occurs."""
    counts = np.zeros(tgt_words)
    for ids in _targets(corpus):
        counts += np.bincount(ids, minlength=tgt_words)
    return counts


def _targets(corpus: EncodedCorpus) -> Iterator[NDArray[np.int32]]:
    for start in range(0, len(corpus), _ROWS):
        yield corpus.rows(np.arange(start, min(start + _ROWS, len(corpus))))[1]
