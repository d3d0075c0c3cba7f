"""The ways to classify, by name: each learns from labelled texts and gives a classifier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from throughtime.artefact.file import load
from throughtime.console import say
from throughtime.errors import InputError
from throughtime.text.cleaning import Cleaner
from throughtime.words.classify.config import KIND, LINEAR, ClassifyConfig, file_stem
from throughtime.words.classify.labelled import Labelled, held_out
from throughtime.words.classify.linear import Features, LinearClassifier, train_linear
from throughtime.words.classify.recurrent import RecurrentClassifier, train_recurrent
from throughtime.words.embed.config import EmbedConfig
from throughtime.words.embed.train import train as train_vectors
from throughtime.words.embed.vectors import WordVectors
from throughtime.words.features.averages import MeanVectors
from throughtime.words.features.bags import BagOfWords, OneHot, TfIdf
from throughtime.words.features.codebook import Codebook, CodebookHistogram


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


@dataclass(frozen=True)
class Surroundings:
    """What a method learns beside: where recurrent ones leave their run, who is told of it, word vectors.

    vectors: what codebook and vectors are made of, and what recurrent ones begin with; without them they
    learn their own from the texts first.
    """

    folder: Path
    console: Console
    vectors: WordVectors | None = None

    def tell(self, method: str, note: str) -> None:
        """Tell of something that came up."""
        say(self.console, f"{method}: {note}")


def learn(method: str, config: ClassifyConfig, train: Labelled, around: Surroundings) -> Classifier:
    """Learn from texts by one of the methods; recurrent ones hold out a tenth of them, for when to stop."""
    tell, seed = partial(around.tell, method), config.training.seed
    if method in LINEAR:
        return train_linear(_features(method, config, train, around.vectors, tell), train, seed, tell)
    rest, out = held_out(train, 0.1, seed)
    vectors = around.vectors
    if vectors is None and config.network.first_vectors == "word2vec":
        vectors = _own_vectors(config, train)
    place = around.folder / file_stem(method)
    return train_recurrent(method, config, train[rest], train[out], place, around.console, vectors)


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
