"""Every setting of word vectors with its default."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from throughtime.errors import InputError
from throughtime.files.documents import AS_FOUND, ReadingConfig
from throughtime.settings import group, require, require_effect
from throughtime.text.cleaning import CleaningConfig

_SEEDS = 2**32


@dataclass(frozen=True)
class EmbedConfig:
    """How word vectors are learned.

    Attributes:
        algorithm: cbow tells each word from the mean of those around it, and brings together what stands in
            each other's place; skip_gram tells each of those around a word from it, which takes longer, and
            brings together what is spoken of together.
        objective: negative tells the true word from some that are drawn by chance; hierarchical finds it by a
            softmax over a Huffman tree of all words.
        negatives: so many words are drawn against each true one.
        window: at most so many words on either side are looked at, each time so many or fewer by chance.
        size: so many numbers are in a vector.
        min_count: words that occur less often are left out.
        max_vocab: at most so many words have vectors, the most frequent ones; 0 for all.
        subsample: of words more frequent than this share some are skipped by chance (Mikolov et al. 2013b,
            section 2.3); 0 for none.
        epochs: the corpus is gone through so many times.
        learning_rate: the learning rate begins with this and falls evenly to nearly 0.
        phrases: write pairs of words that occur together more often than by chance as one, as new_york
            (Mikolov et al. 2013b, section 4).
        subwords: a word's vector is the mean of its own and of those of its parts, so that words never seen
            have vectors too (Bojanowski et al. 2017); slower, and the file grows by the buckets.
        min_n: a part has at least so many characters; < and > around the word count.
        max_n: a part has at most so many characters.
        buckets: so many vectors are there for parts, which share them by hash.
        seed: the first vectors, and what is drawn by chance, depend on this number.
        threads: so many threads train, 0 for one for each core. With several the vectors depend on whose turn
            it is, with one on the seed alone.
    """

    algorithm: Literal["skip_gram", "cbow"] = "cbow"
    objective: Literal["negative", "hierarchical"] = "negative"
    negatives: int = 5
    window: int = 5
    size: int = 100
    min_count: int = 5
    max_vocab: int = 0
    subsample: float = 1e-3
    epochs: int = 10
    learning_rate: float = 0.05
    phrases: bool = False
    subwords: bool = False
    min_n: int = 3
    max_n: int = 6
    buckets: int = 100_000
    seed: int = 1
    threads: int = 0

    def __post_init__(self) -> None:
        """Raises InputError where a value lies outside of its range or is of no effect beside another."""
        algorithms = ("skip_gram", "cbow")
        require(self, "algorithm", self.algorithm in algorithms, " or ".join(algorithms))
        objectives = ("negative", "hierarchical")
        require(self, "objective", self.objective in objectives, " or ".join(objectives))
        for name in ("negatives", "window", "size", "min_count", "epochs", "min_n", "buckets"):
            require(self, name, getattr(self, name) >= 1, "at least 1")
        require(self, "max_vocab", self.max_vocab == 0 or self.max_vocab >= 2, "2 or more, or 0 for all")
        require(self, "threads", self.threads >= 0, "0 or more")
        require(self, "subsample", 0 <= self.subsample < 1, "0 or more and below 1")
        require(self, "learning_rate", 0 < self.learning_rate <= 1, "above 0 and at most 1")
        require(self, "max_n", self.max_n >= self.min_n, f"at least min_n, {self.min_n}")
        require(self, "seed", 0 <= self.seed < _SEEDS, "0 or more and below 2**32")
        require_effect(self, ("negatives",), "objective", ("negative",))
        require_effect(self, ("min_n", "max_n", "buckets"), "subwords", (True,))


@dataclass(frozen=True)
class CorpusConfig:
    """What vectors are learned from.

    Attributes:
        corpus: texts, of which each line is a sentence: text files, folders, .csv, .tsv, .jsonl, all also as
            .gz, or hf:OWNER/NAME; labels are ignored. The documentation strings of the installed packages
            where none is given.
    """

    corpus: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrainConfig:
    """One whole run."""

    source: CorpusConfig = group("Corpus", CorpusConfig)
    embed: EmbedConfig = group("Vectors", EmbedConfig)
    reading: ReadingConfig = group("Reading", ReadingConfig)
    cleaning: CleaningConfig = group("Cleaning", CleaningConfig)

    def __post_init__(self) -> None:
        """Raise InputError where settings contradict each other."""
        if self.reading != AS_FOUND and not self.source.corpus:
            raise InputError("it is said how files are to be read, but none is given; expected --corpus")


@dataclass(frozen=True)
class TestConfig:
    """What vectors are tested on.

    Attributes:
        analogies: file of questions in the form of questions-words.txt, which is taken where none is given.
        similarities: files of pairs: two words and a number, tab-separated; WordSim-353 and SimLex-999 where
            none is given.
        restrict: use only this many of the most frequent words; 0 for all.
    """

    analogies: Path | None = None
    similarities: tuple[Path, ...] = ()
    restrict: int = 0


@dataclass(frozen=True)
class EvaluateConfig:
    """All that `evaluate` needs beside the vectors."""

    test: TestConfig = group("Test set", TestConfig)


@dataclass(frozen=True)
class NeighboursConfig:
    """How many neighbours are found.

    Attributes:
        count: number of neighbours of each word.
    """

    count: int = 10


@dataclass(frozen=True)
class AnswerConfig:
    """How words are answered."""

    neighbours: NeighboursConfig = group("Neighbours", NeighboursConfig)
