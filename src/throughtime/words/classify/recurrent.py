"""Recurrent classifiers, each in one file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor

from throughtime.artefact.file import Artefact, save
from throughtime.cells.user_modules import require_imported
from throughtime.text.cleaning import Cleaner, CleaningConfig
from throughtime.text.vocabulary import Vocabulary, VocabularyConfig
from throughtime.words.classify.batches import Encoded
from throughtime.words.classify.config import KIND, ClassifyConfig, NetworkConfig
from throughtime.words.classify.labelled import Labelled
from throughtime.words.classify.network import PAD_ID, TextNetwork
from throughtime.words.classify.task import logits
from throughtime.words.embed.vectors import WordVectors

FIRST_ID = PAD_ID + 1
"""The id of the vocabulary's first word; that of unknown ones comes after the last."""


class RecurrentClassifier:
    """p(label | text) = softmax(logits / temperature), logits by a `TextNetwork`."""

    def __init__(
        self,
        network: TextNetwork,
        vocabulary: Vocabulary,
        cleaning: CleaningConfig,
        labels: tuple[str, ...],
        temperature: float = 1.0,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        self.network, self.vocabulary, self.cleaning = network, vocabulary, cleaning
        self.labels, self.temperature, self.about = labels, temperature, dict(about or {})
        self._tokens = Cleaner(cleaning).tokens

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return (N, labels)."""
        return softmax(self.logits(texts) / self.temperature, axis=1)

    def logits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return (N, labels), before the temperature."""
        self.network.eval()
        return logits(
            self.network, self.encoded(Labelled(texts, np.zeros(len(texts), np.int64), self.labels))
        )

    def encoded(self, data: Labelled) -> Encoded:
        """Return texts as ids, cut after `max_words`; a text without words becomes one unknown word."""
        most, unknown, longer = self.network.config.max_words, [self.vocabulary.unknown_id], 0
        ids = list[NDArray[np.int64]]()
        for tokens in map(self._tokens, data.texts):
            longer += len(tokens) > most
            known = self.vocabulary.encode(tokens[:most]) or unknown
            ids.append(np.array(known, np.int64) + FIRST_ID)
        return Encoded(ids, data.labels, longer)

    def save(
        self,
        path: Path,
        weights: Mapping[str, Tensor] | None = None,
        temperature: float | None = None,
    ) -> None:
        """Write the one file, with its own weights and temperature or these."""
        config = {
            "method": "recurrent",
            "labels": self.labels,
            "temperature": self.temperature if temperature is None else temperature,
            "about": self.about,
            "cell": self.network.cell,
            "cleaning": asdict(self.cleaning),
            "network": asdict(self.network.config),
            "vocabulary": self.vocabulary.to_dict(),
        }
        save(Artefact(KIND, config, dict(weights or self.network.state_dict()), {}), path)

    @classmethod
    def from_artefact(cls, artefact: Artefact) -> RecurrentClassifier:
        """Return what `save` wrote; raise InputError where the module of the cell is not imported."""
        config: dict[str, Any] = artefact.config
        require_imported(config["cell"])
        vocabulary, labels = Vocabulary.from_dict(config["vocabulary"]), tuple(config["labels"])
        network = _network(config["cell"], NetworkConfig(**config["network"]), vocabulary, labels)
        network.load_state_dict(artefact.tensors)
        cleaning, ours = CleaningConfig(**config["cleaning"]), (config["temperature"], config["about"])
        return cls(network.eval(), vocabulary, cleaning, labels, *ours)


def untrained(
    cell: str, config: ClassifyConfig, train: Labelled, vector_size: int | None = None
) -> RecurrentClassifier:
    """Return a classifier with the vocabulary of `train` and random weights.

    vector_size: width of the word vectors that it will start from, if any.
    """
    tokens, chosen = Cleaner(config.cleaning).tokens, config.network
    vocabulary = Vocabulary.build(map(tokens, train.texts), VocabularyConfig(min_count=chosen.min_count))
    if vector_size is not None:
        chosen = replace(chosen, embedding_size=vector_size)
    network = _network(cell, chosen, vocabulary, train.names)
    network.embedding.weight.requires_grad_(vector_size is None or not chosen.freeze)
    return RecurrentClassifier(network, vocabulary, config.cleaning, train.names)


def _network(cell: str, config: NetworkConfig, vocabulary: Vocabulary, labels: Sequence[str]) -> TextNetwork:
    return TextNetwork(cell, config, FIRST_ID + len(vocabulary) + 1, len(labels))


def rows_for(vocabulary: Vocabulary, vectors: WordVectors) -> Tensor:
    """Return a row for each id: zeros for padding and unknown words, else what the vectors have."""
    rows = torch.zeros(FIRST_ID + len(vocabulary) + 1, vectors.size)
    rows[FIRST_ID:-1] = torch.from_numpy(vectors.matrix_for(vocabulary.words).matrix)
    return rows
