"""Alignment of target words to source words: IBM model 2 with a prior along the diagonal.

p(f_j, a_j = i) = (1 - NONE) t(f_j | e_i) exp(-TENSION |i/n - j/m|) / Z_j,    i = 1..n, j = 1..m
p(f_j, a_j = none) = NONE t(f_j | none)

From Dyer, Chahuneau and Smith (2013), whose fast_align also learns the tension; t is learned by as many
rounds of expectation maximisation as theirs. No maintained library does this without a compiler.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from throughtime.text.pair_corpus import EncodedCorpus

TENSION = 4.0
NONE = 0.08
ROUNDS = 5
MOST_COUPLES = 20_000_000
"""Couples of a source and a target word to learn from; of a larger corpus every k-th pair is used."""

Ids = NDArray[np.int64]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Alignment:
    """The learned alignment model.

    couples: (K,) source word times `tgt_words` plus target word, sorted. chances: (K,) t(target | source) of
    each. alone: (tgt_words,) t(target | none).
    """

    couples: Ids
    chances: Numbers
    alone: Numbers

    def places(self, src: Sequence[int], tgt: Sequence[int], asked: Sequence[int]) -> list[int | None]:
        """Return for each requested target position the most probable source position, None if there is none.

        src, tgt: the ids of a pair, without eos.
        """
        if not len(src):
            return [None] * len(asked)
        wanted = np.asarray(tgt, np.int64)[list(asked)]
        codes = np.asarray(src, np.int64) * len(self.alone) + wanted[:, None]
        indices = np.searchsorted(self.couples, codes).clip(max=len(self.couples) - 1)
        chances = np.where(self.couples[indices] == codes, self.chances[indices], 0.0)
        scores = chances * prior(len(src), len(tgt))[list(asked)]
        best = scores.argmax(1)
        linked = scores.max(1) > NONE * self.alone[wanted]
        return [int(place) if holds else None for place, holds in zip(best, linked, strict=True)]


def prior(src_length: int, tgt_length: int) -> Numbers:
    """Return the prior probability of each source word for each target word, (T, S)."""
    i = (np.arange(src_length) + 1) / src_length
    j = (np.arange(tgt_length) + 1) / tgt_length
    near = np.exp(-TENSION * np.abs(j[:, None] - i))
    return (1 - NONE) * near / near.sum(1, keepdims=True)


class _Group(NamedTuple):
    """G pairs of equal lengths: T target words and all T * S couples with the source words."""

    tgt: Ids  # (G, T)
    couples: slice  # of all couples of the corpus
    prior: Numbers  # (T, S)


def learn_alignment(corpus: EncodedCorpus, tgt_words: int) -> Alignment:
    """Learn from pairs of ids; tgt_words: size of the target's vocabulary."""
    groups, codes = _groups(corpus, tgt_words)
    couples, which = np.unique(codes, return_inverse=True)
    sources = couples // tgt_words
    chances, alone = np.ones(len(couples)), np.ones(tgt_words)
    shares = np.empty(len(codes))
    for _ in range(ROUNDS):
        left = np.zeros(tgt_words)
        for group in groups:
            scores = chances[which[group.couples]].reshape(*group.tgt.shape, -1) * group.prior
            none = NONE * alone[group.tgt]
            total = scores.sum(2) + none
            shares[group.couples] = (scores / total[:, :, None]).ravel()
            left += np.bincount(group.tgt.ravel(), (none / total).ravel(), tgt_words)
        counts = np.bincount(which, shares, len(couples))
        chances = counts / np.bincount(sources, counts)[sources]
        alone = left / left.sum()
    return Alignment(couples, chances, alone)


def _groups(corpus: EncodedCorpus, tgt_words: int) -> tuple[list[_Group], Ids]:
    """Return the pairs to learn from, by their lengths, and the codes of all their couples."""
    groups: list[_Group] = []
    codes: list[Ids] = []
    first = 0
    for indices in _of_equal_lengths(corpus):
        src, tgt = (
            ids.reshape(len(indices), -1)[:, :-1].astype(np.int64)  # without the end of sentence
            for ids in corpus.rows(indices)
        )
        made = (src[:, None, :] * tgt_words + tgt[:, :, None]).ravel()
        groups.append(_Group(tgt, slice(first, first + len(made)), prior(src.shape[1], tgt.shape[1])))
        codes.append(made)
        first += len(made)
    return groups, np.concatenate(codes)


def _of_equal_lengths(corpus: EncodedCorpus) -> Iterator[Ids]:
    src, tgt = corpus.src_lengths.astype(np.int64), corpus.tgt_lengths.astype(np.int64)
    every = -(-int(((src - 1) * (tgt - 1)).sum()) // MOST_COUPLES)
    taken = np.flatnonzero((src > 1) & (tgt > 1))[:: max(1, every)]
    order = taken[np.lexsort((tgt[taken], src[taken]))]
    changes = np.flatnonzero(np.diff(src[order]) | np.diff(tgt[order])) + 1
    return iter(np.split(order, changes))
