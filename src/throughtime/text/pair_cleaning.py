"""Cleaning of a corpus before anything is learned from it, with counts of what is dropped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import compress, islice

import numpy as np
from numpy.typing import NDArray

from throughtime.errors import InputError
from throughtime.files.pairs import Pair
from throughtime.text.normalise import normalise

TOKENS_OF_A_WORD = 4
"""Maximum tokens per allowed word of a side; a pair with more is too long."""

_CHUNK = 4096  # pairs processed together


@dataclass(frozen=True)
class Cleaning:
    """Which pairs to keep; sentences are normalised first, and an empty side always drops the pair."""

    max_words: int  # divided by white space, on either side
    max_ratio: float  # of the two lengths in characters
    drop_duplicates: bool  # of the whole pair; one source may keep several translations

    def __post_init__(self) -> None:
        if self.max_words < 1:
            raise InputError(f"max_words is {self.max_words}; it must be at least 1")
        if not self.max_ratio >= 1:
            raise InputError(f"max_ratio is {self.max_ratio}; it must be at least 1")


@dataclass
class CleaningReport:
    """How many pairs were read and kept, and how many dropped for which first reason."""

    read: int = 0
    kept: int = 0
    empty: int = 0
    too_long: int = 0
    ratio: int = 0
    duplicates: int = 0

    def summary(self) -> str:
        """Return the counts as one sentence."""
        return (
            f"{self.kept:,} of {self.read:,} pairs kept (dropped: {self.empty:,} empty, "
            f"{self.too_long:,} too long, {self.ratio:,} of unlike length, {self.duplicates:,} repeated)"
        )


def clean(pairs: Iterable[Pair], cleaning: Cleaning, report: CleaningReport) -> Iterator[Pair]:
    """Stream the pairs to keep, normalised, and count all in `report`.

    Memory grows by 8 bytes per kept pair when duplicates are dropped: pairs are compared by 64-bit digests.

    Raises InputError at the end when nothing was kept.
    """
    seen = _Digests()
    stream = iter(pairs)
    while chunk := list(islice(stream, _CHUNK)):
        report.read += len(chunk)
        kept = list(_fitting(chunk, cleaning, report))
        if cleaning.drop_duplicates:
            new = seen.add(_digests(kept))
            report.duplicates += len(kept) - int(new.sum())
            kept = list(compress(kept, new))
        report.kept += len(kept)
        yield from kept
    if not report.kept:
        raise _nothing_kept(cleaning, report)


def _fitting(chunk: list[Pair], cleaning: Cleaning, report: CleaningReport) -> Iterator[Pair]:
    for pair in chunk:
        src, tgt = normalise(pair.src), normalise(pair.tgt)
        if not src or not tgt:
            report.empty += 1
        elif max(len(src.split()), len(tgt.split())) > cleaning.max_words:
            report.too_long += 1
        elif max(len(src), len(tgt)) > cleaning.max_ratio * min(len(src), len(tgt)):
            report.ratio += 1
        else:
            yield Pair(src, tgt)


def _nothing_kept(cleaning: Cleaning, report: CleaningReport) -> InputError:
    if not report.read:
        return InputError("the corpus is empty; expected at least one pair of sentences")
    if report.too_long == report.read:
        return InputError(
            f"all {report.read:,} pairs are too long: each has a sentence of more than "
            f"{cleaning.max_words} words (max_words)"
        )
    return InputError(f"nothing is left of the corpus after cleaning: {report.summary()}")


def _digests(pairs: list[Pair]) -> NDArray[np.uint64]:
    # a tab separates the sides: normalised text has none
    joined = (f"{pair.src}\t{pair.tgt}".encode() for pair in pairs)
    return np.frombuffer(b"".join(blake2b(text, digest_size=8).digest() for text in joined), np.uint64)


class _Digests:
    """A set of 64-bit numbers at 8 bytes each: sorted runs, merged so that each is longer than the next."""

    def __init__(self) -> None:
        self._runs: list[NDArray[np.uint64]] = []

    def add(self, digests: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Add `digests`; True where one was neither in the set nor earlier in `digests`."""
        new = np.zeros(len(digests), np.bool_)
        new[np.unique(digests, return_index=True)[1]] = True
        for run in self._runs:
            places = np.minimum(np.searchsorted(run, digests), len(run) - 1)
            new &= run[places] != digests
        self._insert(np.sort(digests[new]))
        return new

    def _insert(self, run: NDArray[np.uint64]) -> None:
        while self._runs and len(self._runs[-1]) <= len(run):
            run = np.sort(np.concatenate([self._runs.pop(), run]))
        if len(run):
            self._runs.append(run)
