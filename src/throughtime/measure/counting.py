"""Counting as a language model: what a recurrent network has to beat.

Interpolated counts of n-grams with the weights of Witten and Bell (1991, method C). For a unit w behind the
last k units, its context c of order k, and c' the context without its first unit,

    p_k(w | c) = (n(c, w) + t(c) p_{k-1}(w | c')) / (n(c) + t(c)),    p_{-1}(w) = 1 / V,

where n counts occurrences in the text learned from, and t(c) is the number of distinct units seen behind c.
Adaptive counts also count what has passed of the text that is predicted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.integer]
Codes = NDArray[np.int64]

MOST = 5_000_000
"""Units that are counted, the last ones of a longer text."""

LONGEST = 6
"""Longest context that is tried."""

_LARGEST = 2**63


def best_order(learned: Ids, vocab_size: int, *, adaptive: bool = False) -> int:
    """Return the length of context that predicts the last tenth of a text best, counting in the rest."""
    learned = learned[-MOST:]
    cut = len(learned) - len(learned) // 10
    tried = surprises(learned[:cut], learned[cut:], vocab_size, adaptive=adaptive)
    return int(np.argmin([nats.sum() for nats in tried]))


def surprise(
    learned: Ids, text: Ids, vocab_size: int, order: int, *, adaptive: bool = False
) -> NDArray[np.float64]:
    """Return -log p of each unit of a text in nats, (N,), by contexts of up to `order` units."""
    *_, nats = surprises(learned, text, vocab_size, adaptive=adaptive, longest=order)
    return nats


def surprises(
    learned: Ids, text: Ids, vocab_size: int, *, adaptive: bool = False, longest: int = LONGEST
) -> Iterator[NDArray[np.float64]]:
    """Yield -log p of each unit of a text in nats, (N,), by contexts of up to 0, 1, ... units.

    learned, text: ids below `vocab_size`. Before the first unit of either stand zeros. Ends before `longest`
    where a context has no number of 64 bits.
    """
    learned, text = learned[-MOST:], np.asarray(text)
    p = np.full(len(text), 1 / vocab_size)
    for order in range(longest + 1):
        if vocab_size ** (order + 1) >= _LARGEST:
            return
        before, now = _codes(learned, order, vocab_size), _codes(text, order, vocab_size)
        counts = _looked_up(before, now, vocab_size)
        pairs, contexts, kinds = _grown(counts, now, vocab_size) if adaptive else counts
        p = np.where(contexts > 0, (pairs + kinds * p) / np.maximum(contexts + kinds, 1), p)
        yield -np.log(p)


def _codes(ids: Ids, context: int, vocab_size: int) -> Codes:
    """Return for each unit one number of the units before it, the farthest first, and itself, (N,)."""
    codes = np.zeros(len(ids), np.int64)
    for back in range(context, -1, -1):
        codes *= vocab_size
        codes[back:] += ids[: len(ids) - back]
    return codes


def _looked_up(before: Codes, now: Codes, vocab_size: int) -> Sequence[NDArray[np.int64]]:
    """Return for each code of `now` n(c, w), n(c) and t(c) in `before`, (N,) each."""
    pairs, times = np.unique(before, return_counts=True)
    contexts, first, kinds = np.unique(pairs // vocab_size, return_index=True, return_counts=True)
    totals = np.add.reduceat(times, first) if len(times) else times
    in_context = now // vocab_size
    return _of(pairs, times, now), _of(contexts, totals, in_context), _of(contexts, kinds, in_context)


def _of(keys: Codes, values: NDArray[np.int64], asked: Codes) -> NDArray[np.int64]:
    """Return the value of each key that is asked for, 0 where there is no such key."""
    if not len(keys):
        return np.zeros(len(asked), np.int64)
    places = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return np.where(keys[places] == asked, values[places], 0)


def _grown(counts: Sequence[NDArray[np.int64]], now: Codes, vocab_size: int) -> Sequence[NDArray[np.int64]]:
    """Return the counts at each place once those of the places before it are added."""
    pairs, contexts, kinds = counts
    earlier, ones = _sum_before(now, np.ones_like(now)), np.ones_like(now)
    new = (pairs + earlier == 0).astype(np.int64)  # the first time that this unit is behind this context
    in_context = now // vocab_size
    return pairs + earlier, contexts + _sum_before(in_context, ones), kinds + _sum_before(in_context, new)


def _sum_before(groups: Codes, values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each place the sum of the values at earlier places of its group, (N,)."""
    order = np.argsort(groups, kind="stable")
    sorted_groups, sums = groups[order], np.cumsum(values[order]) - values[order]
    starts = np.flatnonzero(np.diff(sorted_groups, prepend=sorted_groups[:1] - 1))
    lengths = np.diff(starts, append=len(groups))
    result = np.empty_like(values)
    result[order] = sums - np.repeat(sums[starts], lengths)
    return result
