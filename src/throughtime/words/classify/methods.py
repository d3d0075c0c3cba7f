"""The ways to classify, by name: each learns from labelled texts and gives a classifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from torch import Tensor

from throughtime.artefact.file import load
from throughtime.console import say
from throughtime.errors import InputError
from throughtime.text.cleaning import Cleaner
from throughtime.words.classify.config import KIND, ClassifyConfig
from throughtime.words.classify.labelled import Labelled, held_out
from throughtime.words.classify.linear import Features, LinearClassifier, train_linear
from throughtime.words.classify.recurrent import RecurrentClassifier, rows_for, untrained
from throughtime.words.classify.task import ClassificationTask
from throughtime.words.embed.config import EmbedConfig
from throughtime.words.embed.exchange import read_vectors
from throughtime.words.embed.train import train as train_vectors
from throughtime.words.embed.vectors import WordVectors
from throughtime.words.features.averages import MeanVectors
from throughtime.words.features.bags import BagOfWords, OneHot, TfIdf
from throughtime.words.features.codebook import Codebook, CodebookHistogram

HELD_OUT = 0.1
"""Share of the texts learned from by which training decides which weights are best, and when to stop."""


class Classifier(Protocol):
    """What says of texts which label they have."""

    labels: tuple[str, ...]
    about: dict[str, Any]  # where it comes from, as JSON can hold it

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return (N, labels), calibrated."""
        ...

    def save(self, path: Path) -> None:
        """Write the one file."""
        ...


class LinearEstimator:
    """A linear classifier, to be learned from texts by a method; `vectors` are given ones, if any."""

    def __init__(
        self,
        method: str,
        config: ClassifyConfig,
        train: Labelled,
        vectors: WordVectors | None,
        about: Mapping[str, Any],
    ) -> None:
        self.method, self.config, self.train, self.vectors = method, config, train, vectors
        self.about = about
        self.classifier: LinearClassifier | None = None

    def fit(self, console: Console) -> None:
        """Learn from the texts."""

        def note(text: str) -> None:
            say(console, f"{self.method}: {text}")

        features = _features(self.method, self.config, self.train, self.vectors, note)
        self.classifier = train_linear(features, self.train, self.config.training.seed, note)
        self.classifier.about = dict(self.about)

    def save_model(self, path: Path) -> None:
        """Write the model file."""
        assert self.classifier is not None, "it has learned nothing yet"
        self.classifier.save(path)


def recurrent_task(
    cell: str,
    config: ClassifyConfig,
    train: Labelled,
    vectors: Path | None,
    vector_size: int | None,
    about: Mapping[str, Any],
) -> ClassificationTask:
    """Return a recurrent classifier to be trained on texts, a tenth of which is held out for validation.

    vectors: file of given word vectors, `vector_size` wide.
    """
    seed = config.training.seed
    rest, out = held_out(train, HELD_OUT, seed)
    learned = vectors is None and config.network.first_vectors == "word2vec"
    width = config.features.vector_size if learned else vector_size
    torch.manual_seed(seed)
    classifier = untrained(cell, config, train[rest], width)
    classifier.about = dict(about)

    def first_vectors() -> Tensor:
        return rows_for(classifier.vocabulary, read_given(vectors) or _own_vectors(config, train))

    return ClassificationTask(
        classifier.network,
        classifier.encoded(train[rest]),
        classifier.encoded(train[out]),
        train.names,
        seed,
        classifier.save,
        first_vectors if width is not None else None,
    )


def read_given(vectors: Path | None) -> WordVectors | None:
    """Return the word vectors of a file, if there is one."""
    return None if vectors is None else read_vectors(vectors)


def load_classifier(path: Path) -> Classifier:
    """Load a classifier; nothing is imported for it.

    Raises InputError for a file that is not a classifier, and for one with a cell of the user's own whose
    module is not imported.
    """
    artefact = load(path, KIND)
    kinds = {"linear": LinearClassifier, "recurrent": RecurrentClassifier}
    try:
        return kinds[artefact.config["method"]].from_artefact(artefact)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _features(
    method: str,
    config: ClassifyConfig,
    train: Labelled,
    vectors: WordVectors | None,
    tell: Callable[[str], None],
) -> Features:
    chosen, cleaning = config.features, config.cleaning
    if method == "bag":
        kind = OneHot if chosen.binary else BagOfWords
        return kind(cleaning, chosen.ngrams, min_documents=chosen.min_documents)
    if method == "tfidf":
        return TfIdf(cleaning, chosen.ngrams, tf="sublinear", min_documents=chosen.min_documents)
    known = vectors or _own_vectors(config, train)
    if method == "codebook":
        codewords = min(chosen.codewords, len(known))
        if codewords < chosen.codewords:
            tell(f"{codewords:,} codewords, for so many words have a vector, and not {chosen.codewords:,}")
        book = Codebook(codewords, seed=config.training.seed)
        return CodebookHistogram(known.words, known.matrix, book, cleaning, idf=True)
    return MeanVectors(known.words, known.matrix, cleaning)


def _own_vectors(config: ClassifyConfig, train: Labelled) -> WordVectors:
    """Vectors of the words in the texts that are learned from; the same each time."""
    chosen = config.features
    settings = EmbedConfig(
        size=chosen.vector_size,
        epochs=chosen.vector_epochs,
        min_count=chosen.min_documents,
        seed=config.training.seed,
        threads=1,
    )
    return train_vectors(map(Cleaner(config.cleaning).tokens, train.texts), settings)
