"""The settings of text classification with their defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from throughtime.errors import InputError
from throughtime.files.documents import ReadingConfig
from throughtime.settings import group, require
from throughtime.text.cleaning import CleaningConfig
from throughtime.training.config import (  # the command line looks up the types of inherited fields here
    Better,
    Optimiser,  # noqa: F401  # pyright: ignore[reportUnusedImport]
    Precision,  # noqa: F401  # pyright: ignore[reportUnusedImport]
    ScheduleName,  # noqa: F401  # pyright: ignore[reportUnusedImport]
    TrainingConfig,
)

KIND = "words classify"
"""Of the one-file model."""

LINEAR = ("bag", "tfidf", "codebook", "vectors")
"""Methods of a linear classifier; any other is the name of a recurrence's cell: gru, my_module:MyCell."""

METRICS: Mapping[str, Better] = {"loss": "min", "accuracy": "max", "f1": "max"}
"""Metrics of a validation, and whether lower or higher is better."""

WITHOUT_VECTORS = ("bag", "tfidf")
"""Methods that do not use word vectors."""

METHODS = (*LINEAR, "lstm", "gru")
"""The methods that are compared by default."""


def file_stem(method: str) -> str:
    """Return how the files of a method are named; my_module-MyCell for the cell my_module:MyCell."""
    return method.replace(".", "-").replace(":", "-")


def check_methods(methods: Sequence[str]) -> None:
    """Raise InputError for methods that do not exist or are named twice, and where none is named.

    The modules of users' cells are imported.
    """
    from throughtime.cells.registry import cell_named  # here, since it imports torch

    for method in methods:
        try:
            if method not in LINEAR:
                cell_named(method)
        except ValueError as error:
            raise InputError(
                f"method {method!r} is none of {', '.join(LINEAR)}, nor a recurrence: {error}"
            ) from error
    if not methods:
        raise InputError("no method is given; expected one or more")
    if repeated := [method for method in methods if methods.count(method) > 1]:
        raise InputError(f"method {repeated[0]} is given twice; expected different methods")


@dataclass(frozen=True)
class FeaturesConfig:
    """What a linear classifier sees of a text.

    Attributes:
        ngrams: longest run of words that is a feature of its own, of bag and tfidf.
        min_documents: texts in which a word, or a run of words, must occur to be a feature of bag and tfidf;
            times that one must occur to have a word vector learned for it.
        binary: bag says only which words are there, not how often.
        codewords: size of the codebook; no more than there are word vectors.
        vector_size: width of the word vectors that are learned from the texts where no file of vectors is
            given: codebook and vectors are made of them, and a recurrence begins with them.
        vector_epochs: passes over the texts in which they are learned.
    """

    ngrams: int = 2
    min_documents: int = 2
    binary: bool = True
    codewords: int = 200
    vector_size: int = 100
    vector_epochs: int = 20

    def __post_init__(self) -> None:
        """Raise InputError where a value lies outside of its range."""
        for name in ("ngrams", "min_documents", "vector_size", "vector_epochs"):
            require(self, name, getattr(self, name) >= 1, "at least 1")
        require(self, "codewords", self.codewords >= 2, "at least 2")


@dataclass(frozen=True)
class NetworkConfig:
    """The recurrent classifier.

    Attributes:
        first_vectors: what the word vectors begin as where no file is given: word2vec, learned from the texts
            first; chance, drawn.
        embedding_size: width of word vectors that are drawn; others keep theirs.
        hidden_size: width of the recurrence, of each direction.
        num_layers: depth of the recurrence.
        bidirectional: read in both directions.
        pooling: what of all states the answer is made from: last, that after the last word; max or mean of
            each feature; attention, a learned mean.
        dropout: probability of dropping a value of the word vectors, between layers and before the answer.
        word_dropout: probability of leaving out all of a word's vector.
        min_count: times that a word must occur to have a vector.
        max_words: words of a text that are read, from its beginning.
        texts_per_batch: texts in a batch.
        freeze: train no word vector: all stay as they begin, those of words that a file lacks as drawn.
    """

    first_vectors: Literal["word2vec", "chance"] = "word2vec"
    embedding_size: int = 100
    hidden_size: int = 64
    num_layers: int = 1
    bidirectional: bool = True
    pooling: Literal["last", "max", "mean", "attention"] = "attention"
    dropout: float = 0.4
    word_dropout: float = 0.3
    min_count: int = 2
    max_words: int = 1000
    texts_per_batch: int = 32
    freeze: bool = False

    def __post_init__(self) -> None:
        """Raise InputError where a value lies outside of its range."""
        for name in (
            *("embedding_size", "hidden_size", "num_layers"),
            *("min_count", "max_words", "texts_per_batch"),
        ):
            require(self, name, getattr(self, name) >= 1, "at least 1")
        for name in ("dropout", "word_dropout"):
            require(self, name, 0 <= getattr(self, name) < 1, "0 or more and below 1")


@dataclass(frozen=True)
class LearningConfig(TrainingConfig):
    __doc__ = TrainingConfig.__doc__

    learning_rate: float = 0.002
    max_epochs: float = 15.0
    patience: int = 5

    def __post_init__(self) -> None:
        """Raise InputError where a value lies outside of its range; scikit-learn's seeds are below 2**32."""
        super().__post_init__()
        require(self, "seed", self.seed < 2**32, "below 2**32")
        require(self, "best_by", self.best_by in METRICS, f"one of {', '.join(METRICS)}")


@dataclass(frozen=True)
class ClassifyConfig:
    """All that a classifier is learned by."""

    cleaning: CleaningConfig = field(default_factory=CleaningConfig)
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    training: TrainingConfig = field(default_factory=LearningConfig)


@dataclass(frozen=True)
class TextsConfig:
    """Which texts are learned from, and which are kept to judge by.

    Attributes:
        corpus: labelled texts: a folder for each label, .csv, .tsv, .jsonl, or hf:OWNER/NAME; the
            documentation strings of the installed packages where none is given.
        builtin_label: what these are labelled by, their package or the kind of their object.
        test: texts to judge by; part of the corpus unless given.
        test_share: share of the corpus that is kept for that; 0 to learn from all of it and test on nothing.
        folds: parts of the corpus, each tested on by what was learned from the others; 0 for one test alone.
        fold: the one of the folds, from 1, to train and test for; 0 for all of them.
    """

    corpus: tuple[str, ...] = ()
    builtin_label: Literal["package", "kind"] = "package"
    test: tuple[str, ...] = ()
    test_share: float = 0.2
    folds: int = 0
    fold: int = 0

    def __post_init__(self) -> None:
        """Raise InputError where values are out of their range or contradict each other."""
        require(self, "test_share", 0 <= self.test_share <= 0.5, "at least 0 and at most 0.5")
        require(self, "folds", self.folds == 0 or self.folds >= 2, "2 or more, or 0 for none")
        if self.test and self.folds:
            raise InputError("test and folds are both given; expected one way to judge")
        require(self, "fold", 0 <= self.fold <= self.folds, "one of the folds, from 1, or 0 for all")


@dataclass(frozen=True)
class MethodsConfig:
    """What is compared.

    Attributes:
        methods: bag and tfidf, words and runs of words; codebook and vectors, histograms over clusters of
            word vectors and their means: logistic regression over each of these; or a recurrence, by the name
            of any cell.
        vectors: file of word vectors, of any kind that `throughtime words embed` reads: codebook and vectors
            use them, and a recurrence begins with them. Without it each learns vectors from the texts first.
    """

    methods: tuple[str, ...] = METHODS
    vectors: Path | None = None


@dataclass(frozen=True)
class TrainConfig:
    """One whole run: several methods on the same texts, or one."""

    methods: MethodsConfig = group("Methods", MethodsConfig)
    texts: TextsConfig = group("Texts", TextsConfig)
    reading: ReadingConfig = group("Reading", ReadingConfig)
    cleaning: CleaningConfig = group("Cleaning", CleaningConfig)
    features: FeaturesConfig = group("Features", FeaturesConfig)
    network: NetworkConfig = group("Network", NetworkConfig)
    training: LearningConfig = group("Training", LearningConfig)

    def __post_init__(self) -> None:
        """Raise InputError where settings contradict each other."""
        vectors, drawn = self.methods.vectors, self.network.first_vectors == "chance"
        if vectors is not None and all(method in WITHOUT_VECTORS for method in self.methods.methods):
            named = " and ".join(self.methods.methods)
            raise InputError(f"vectors are given, but {named} have no use for them")
        if vectors is None and self.network.freeze and drawn:
            raise InputError("freeze would leave the word vectors as drawn; expected first_vectors word2vec")
        if vectors is not None and drawn:
            raise InputError("vectors are given, but first_vectors is chance; expected one of the two")

    @property
    def learning(self) -> ClassifyConfig:
        """What one method learns by."""
        return ClassifyConfig(self.cleaning, self.features, self.network, self.training)


@dataclass(frozen=True)
class TestConfig:
    """What a model is tested on.

    Attributes:
        corpus: labelled texts, in the forms that `train` reads.
        picture: where to draw the confusion matrix, without ending: a .png and an .svg are written.
    """

    corpus: tuple[str, ...] = ()
    picture: Path | None = None


@dataclass(frozen=True)
class EvaluateConfig:
    """All that `evaluate` needs beside the model."""

    test: TestConfig = group("Test set", TestConfig)
    reading: ReadingConfig = group("Reading", ReadingConfig)


@dataclass(frozen=True)
class OutputConfig:
    """What `run` reads as one text, and what it shows.

    Attributes:
        whole: all lines together are one text.
        explain: show which words spoke for the label, green, and against it, red, and by how much its
            probability falls without each of the strongest.
    """

    whole: bool = False
    explain: bool = False


@dataclass(frozen=True)
class RunConfig:
    """All that `run` needs beside the model and the texts."""

    output: OutputConfig = group("Output", OutputConfig)
