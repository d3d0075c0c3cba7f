"""Sentences for word2vec, in any number: cleaned once, stored on disk, and streamed from there.

Memory holds only the counts of distinct words. The disk holds the cleaned words in parts of about 100,000,
one sentence per line, as gensim's training in C reads them.
"""

from __future__ import annotations

import errno
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import NamedTuple, TextIO

from throughtime.corpora.documentation import Sources, sentences
from throughtime.errors import InputError
from throughtime.files.documents import AS_FOUND, ReadingConfig, read_texts
from throughtime.files.reading import ReadingReport
from throughtime.text.cleaning import Cleaner

PART_WORDS = 100_000
"""Words in a part, which one thread processes as a whole."""

LONGEST_SENTENCE = 1000
"""Maximum words of a sentence; longer ones are split, as in word2vec (Mikolov et al. 2013)."""

MOST_DISTINCT = 5_000_000
"""Distinct words counted at a time, about 500 MB; beyond that the rarest are dropped, repeatedly."""

_REPORT_SECONDS = 0.2  # between two reports


class Moment(NamedTuple):
    """The progress of training: the activity, words done and in all (0 if unknown), and the speed.

    loss: the mean over the last words of the training objective; None if unknown.
    """

    doing: str
    words: int
    total: int
    words_per_second: float
    loss: float | None = None


Watch = Callable[[Moment], None]
"""Receives the moments as they pass."""


def unwatched(now: Moment) -> None:
    """Ignore the moment."""


@dataclass(frozen=True)
class Corpus:
    """Texts as lists of words, read from the start at each iteration; none is held in memory."""

    texts: Callable[[], Iterable[str]]
    cleaner: Cleaner

    def __iter__(self) -> Iterator[list[str]]:
        return filter(None, map(self.cleaner.tokens, self.texts()))


def corpus_of_files(
    paths: Sequence[str | Path],
    cleaner: Cleaner,
    reading: ReadingConfig = AS_FOUND,
    report: ReadingReport | None = None,
) -> Corpus:
    """Return the lines of texts, each a sentence, of all that `read_documents` reads, without labels.

    report: what was read at each pass over the corpus.

    Raises InputError for a path that does not exist or cannot hold texts, and while reading those of
    `read_documents`.
    """
    read_texts(paths, reading)  # reports missing paths at once
    return Corpus(lambda: read_texts(paths, reading, report), cleaner)


def corpus_of_packages(sources: Sources, cleaner: Cleaner) -> Corpus:
    """Return the sentences in the documentation strings of installed packages."""
    return Corpus(lambda: sentences(sources), cleaner)


class Part(NamedTuple):
    """A file of sentences, one per line, and the number of its words."""

    path: Path
    words: int


@dataclass(frozen=True)
class Stored:
    """Sentences on disk, and the count of each word."""

    parts: Sequence[Part]
    sentences: int
    counts: Mapping[str, int]

    @property
    def words(self) -> int:
        """Number of words in all parts."""
        return sum(part.words for part in self.parts)

    def __iter__(self) -> Iterator[list[str]]:
        for part in self.parts:
            with part.path.open(encoding="utf-8", newline="\n") as file:
                yield from map(str.split, file)


@contextmanager
def scratch_folder(where: Path | None = None) -> Generator[Path]:
    """Create a temporary folder for the training's files, in the system's folder unless `where` is set.

    Raises InputError if it cannot be created, and if the disk is full.
    """
    place = where or Path(gettempdir())
    try:
        folder = TemporaryDirectory(prefix="throughtime-words-", dir=place)
    except OSError as error:
        raise InputError(f"{place} cannot hold the cleaned words: {error.strerror or error}") from error
    with folder as name:
        try:
            yield Path(name)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise
            raise InputError(f"{place} cannot hold the cleaned words: {error.strerror}") from error


def watched(sentences: Iterable[Sequence[str]], doing: str, watch: Watch) -> Iterator[Sequence[str]]:
    """Stream the sentences unchanged, and regularly report how many words have passed."""
    words, started = 0, time.monotonic()
    reported = started
    for sentence in sentences:
        yield sentence
        words += len(sentence)
        if (now := time.monotonic()) - reported > _REPORT_SECONDS:
            reported = now
            watch(Moment(doing, words, 0, words / (now - started)))


def store(sentences: Iterable[Sequence[str]], folder: Path) -> Stored:
    """Write sentences into files of `folder` and count their words.

    A sentence of one word has no context and is left out.

    Raises InputError if no sentence is left, and for a word that is empty or contains white space.
    """
    writer = _Writer(folder)
    try:
        for number, sentence in enumerate(sentences, 1):
            writer.write(sentence, number)
    finally:
        writer.close()
    if not writer.parts:
        raise InputError("the corpus has no sentence of at least two words; expected at least one")
    return Stored(writer.parts, writer.sentences, writer.counts)


class _Writer:
    """Writes sentences to files, a new one whenever a part is full."""

    def __init__(self, folder: Path) -> None:
        self.parts: list[Part] = []
        self.sentences = 0
        self.counts: Counter[str] = Counter()
        self._folder = folder
        self._words = 0  # in the open part
        self._file: TextIO | None = None
        self._rarest = 1

    def write(self, sentence: Sequence[str], number: int) -> None:
        for start in range(0, len(sentence), LONGEST_SENTENCE):
            piece = sentence[start : start + LONGEST_SENTENCE]
            if len(piece) > 1:
                self._write(piece, number)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self.parts.append(Part(Path(self._file.name), self._words))
            self._words, self._file = 0, None

    def _write(self, piece: Sequence[str], number: int) -> None:
        line = " ".join(piece)
        if line.split() != list(piece):
            raise InputError(f"a word of sentence {number} is empty or holds white space; expected neither")
        if self._file is None:
            path = self._folder / f"{len(self.parts):07d}.txt"
            self._file = path.open("w", encoding="utf-8", newline="\n")
        self._file.write(line + "\n")
        self.sentences += 1
        self._words += len(piece)
        self._count(piece)
        if self._words >= PART_WORDS:
            self.close()

    def _count(self, piece: Sequence[str]) -> None:
        self.counts.update(piece)
        if len(self.counts) > MOST_DISTINCT:
            self.counts = Counter({word: n for word, n in self.counts.items() if n > self._rarest})
            self._rarest += 1
