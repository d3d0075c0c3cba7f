"""All settings of word vectors with their defaults."""

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
        algorithm: cbow predicts each word from the mean of its context, and brings together words with
            similar contexts; skip_gram predicts each context word from the word, is slower, and brings
            together words of one topic.
        objective: negative distinguishes the true word from some random ones; hierarchical finds it by a
            softmax over a Huffman tree of all words.
        negatives: number of random words per true word.
        window: maximum distance of context words on either side; each time this or a smaller one is drawn.
        size: numbers per vector.
        min_count: words that occur less often are left out.
        max_vocab: maximum number of words with vectors, the most frequent ones; 0 for all.
        subsample: words more frequent than this share are randomly skipped (Mikolov et al. 2013b, section
            2.3); 0 for none.
        epochs: number of passes over the corpus.
        learning_rate: initial learning rate, which falls linearly to nearly 0.
        phrases: write pairs of words that often occur together as one, as new_york (Mikolov et al. 2013b,
            section 4).
        subwords: a word's vector is the mean of its own and of those of its parts, so that unseen words have
            vectors too (Bojanowski et al. 2017); slower, and the file grows by the buckets.
        min_n: minimum characters of a part; < and > around the word count.
        max_n: maximum characters of a part.
        buckets: number of vectors for parts, which share them by hash.
        seed: seed of the initial vectors and of all random draws.
        threads: number of threads, 0 for one per core. With several, the vectors depend on their timing, with
            one only on the seed.
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
        """Raise InputError for a value that is out of range or has no effect with another setting."""
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
