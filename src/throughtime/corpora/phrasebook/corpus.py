"""The phrasebook as a corpus: pairs drawn by a seed, and split by the combinations of words in them."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

from throughtime.corpora.phrasebook.clauses import Sentence
from throughtime.corpora.phrasebook.draw import Draw
from throughtime.corpora.phrasebook.phrases import PHRASES
from throughtime.corpora.phrasebook.topics import being, calendar, daily, doing, talking, things, town
from throughtime.errors import InputError
from throughtime.files.pairs import Pair

DEFAULT_SIZE = 50_000
SMALLEST_SIZE = 5_000
LARGEST_SIZE = 1_000_000
VALIDATION_SIZE = 500
TEST_SIZE = 1_000

_TOPICS = (doing, daily, being, things, town, calendar, talking)
_TEMPLATES = tuple(template for topic in _TOPICS for _, template in topic.TEMPLATES)
_CUMULATED = tuple(accumulate(weight for topic in _TOPICS for weight, _ in topic.TEMPLATES))
_TEST_SHARE, _VALIDATION_SHARE = 0.035, 0.02
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Phrasebook:
    """English and French pairs; combinations of words in `validation` and `test` occur nowhere else."""

    train: list[Pair]
    validation: list[Pair]
    test: list[Pair]


def build(seed: int = 0, size: int = DEFAULT_SIZE) -> Phrasebook:
    """Return the phrasebook of a seed, with `size` pairs to train on, the fixed phrases first among them.

    The same seed and size give the same pairs on every machine. A combination of words (a verb and its
    object, an adjective and its noun) belongs to only one part, whatever the seed; the words themselves all
    occur in training.

    Raises `InputError` if the size is outside 5,000 to 1,000,000.
    """
    if not SMALLEST_SIZE <= size <= LARGEST_SIZE:
        raise InputError(f"size is {size}, but must be from {SMALLEST_SIZE} to {LARGEST_SIZE}")
    stream = _distinct(sentences(seed))
    parts: dict[str, list[Pair]] = {
        "train": [Pair(p.en, p.fr) for p in PHRASES],
        "validation": [],
        "test": [],
    }
    while len(parts["train"]) < size:
        part, pair = next(stream)
        parts[part].append(pair)
    vocabulary = _words(parts["train"])
    validation = _first_known(VALIDATION_SIZE, "validation", parts["validation"], stream, vocabulary)
    test = _first_known(TEST_SIZE, "test", parts["test"], stream, vocabulary)
    return Phrasebook(parts["train"], validation, test)


def sentences(seed: int) -> Iterator[Sentence]:
    """Draw sentences from the grammar without end, templates by their weights; some occur repeatedly."""
    draw = Draw(seed)
    while True:
        yield _TEMPLATES[bisect(_CUMULATED, draw.between(0, _CUMULATED[-1] - 1))](draw)


@cache
def part_of_combination(combination: str) -> str:
    """Return the part (`train`, `validation` or `test`) that a combination belongs to, by its SHA-256."""
    share = int.from_bytes(hashlib.sha256(combination.encode()).digest()[:4]) / 2**32
    if share < _TEST_SHARE:
        return "test"
    return "validation" if share < _TEST_SHARE + _VALIDATION_SHARE else "train"


def part_of(sentence: Sentence) -> str | None:
    """Return the part of a sentence: that of its held-out combinations, None if they are of two parts."""
    held_out = {part_of_combination(combination) for combination in sentence.combinations} - {"train"}
    if len(held_out) > 1:
        return None
    return held_out.pop() if held_out else "train"


def _distinct(stream: Iterator[Sentence]) -> Iterator[tuple[str, Pair]]:
    """Yield each new English sentence with its part, leaving out those without a part."""
    seen = {phrase.en for phrase in PHRASES}
    for sentence in stream:
        part = part_of(sentence)
        if part and sentence.en not in seen:
            seen.add(sentence.en)
            yield part, Pair(sentence.en, sentence.fr)


def _first_known(
    count: int, part: str, drawn: list[Pair], stream: Iterator[tuple[str, Pair]], vocabulary: set[str]
) -> list[Pair]:
    """Return the first pairs of a part whose words are all known, drawing more if they are too few."""
    known = [pair for pair in drawn if _words([pair]) <= vocabulary][:count]
    while len(known) < count:
        other_part, pair = next(stream)
        if other_part == part and _words([pair]) <= vocabulary:
            known.append(pair)
    return known


def _words(pairs: Iterable[Pair]) -> set[str]:
    """Return the words of pairs, each marked by its language."""
    words: set[str] = set()
    for src, tgt in pairs:
        words.update(f"en:{word}" for word in _WORD.findall(src.lower()))
        words.update(f"fr:{word}" for word in _WORD.findall(tgt.lower()))
    return words
