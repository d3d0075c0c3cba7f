"""Recurrent text classifiers: trained by the shared training loop, saved as one file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from scipy.special import softmax
from torch import Tensor

from throughtime.application.folder import no_false_start
from throughtime.application.lock import held_by_first
from throughtime.application.processes import join
from throughtime.artefact.file import Artefact, load, save
from throughtime.console import say
from throughtime.text.cleaning import Cleaner, CleaningConfig
from throughtime.text.vocabulary import Vocabulary, VocabularyConfig
from throughtime.training.fit import fit
from throughtime.words.classify.batches import Encoded
from throughtime.words.classify.calibrate import fit_temperature
from throughtime.words.classify.config import KIND, ClassifyConfig, NetworkConfig
from throughtime.words.classify.labelled import Labelled
from throughtime.words.classify.network import PAD_ID, TextNetwork
from throughtime.words.classify.task import ClassificationTask, logits
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

    def save(self, path: Path, weights: Mapping[str, Tensor] | None = None) -> None:
        """Write the model file, with `weights` in place of its own where they are given."""
        config = {
            "method": "recurrent",
            "labels": self.labels,
            "temperature": self.temperature,
            "about": self.about,
            "cell": self.network.cell,
            "cleaning": asdict(self.cleaning),
            "network": asdict(self.network.config),
            "vocabulary": self.vocabulary.to_dict(),
        }
        save(Artefact(KIND, config, dict(weights or self.network.state_dict()), {}), path)

    @classmethod
    def from_artefact(cls, artefact: Artefact) -> RecurrentClassifier:
        """Return what `save` wrote."""
        config: dict[str, Any] = artefact.config
        vocabulary, labels = Vocabulary.from_dict(config["vocabulary"]), tuple(config["labels"])
        network = _network(config["cell"], NetworkConfig(**config["network"]), vocabulary, labels)
        network.load_state_dict(artefact.tensors)
        cleaning, ours = CleaningConfig(**config["cleaning"]), (config["temperature"], config["about"])
        return cls(network.eval(), vocabulary, cleaning, labels, *ours)


def train_recurrent(
    cell: str,
    config: ClassifyConfig,
    train: Labelled,
    validation: Labelled,
    folder: Path,
    console: Console,
    vectors: WordVectors | None = None,
) -> RecurrentClassifier:
    """Train on `train`; choose the best weights and calibrate the temperature on `validation`.

    Args:
        cell: name of the recurrence.
        config: settings.
        train: labelled texts to learn from.
        validation: labelled texts that are held out.
        folder: of the run; removed at the end, except for the metrics, which are moved beside it.
        console: where progress is printed.
        vectors: initialise the embeddings of the words that they cover; the others are random.

    Raises:
        InputError: the folder is in use by another run, or as `fit` raises it.
        KeyboardInterrupt: Ctrl-C ended the training.
    """
    training = config.training
    torch.manual_seed(training.seed)
    new = untrained(cell, config, train, vectors)
    known, held_out = new.encoded(train), new.encoded(validation)
    if known.longer:
        most = config.network.max_words
        console.print(f"of {known.longer:,} of {len(train):,} texts the first {most:,} words are read")
    task = ClassificationTask(new.network, known, held_out, train.names, training.seed, new.save)
    fabric = join(training.precision)
    with no_false_start(folder), held_by_first(fabric, folder):
        outcome = fit(task, training, folder, fabric=fabric, console=console)
    if outcome.interrupted:
        raise KeyboardInterrupt
    best = RecurrentClassifier.from_artefact(load(outcome.model, KIND))
    best.about = {"training": {**asdict(outcome), "model": outcome.model.name}}
    say(console, f"{cell}: {outcome.sentence()}")
    best.temperature = fit_temperature(logits(best.network, held_out), validation.labels)
    _leave_metrics(folder)
    return best


def _leave_metrics(run: Path) -> None:
    """Move the metrics of a run beside its folder; remove its models, which are not calibrated."""
    for name in ("metrics.jsonl", "tensorboard"):
        if (run / name).exists():
            (run / name).replace(run.with_name(f"{run.name}-{name}"))
    rmtree(run)


def untrained(
    cell: str, config: ClassifyConfig, train: Labelled, vectors: WordVectors | None = None
) -> RecurrentClassifier:
    """Return an untrained classifier with the vocabulary of `train`."""
    tokens, chosen = Cleaner(config.cleaning).tokens, config.network
    vocabulary = Vocabulary.build(map(tokens, train.texts), VocabularyConfig(min_count=chosen.min_count))
    if vectors is not None:
        chosen = replace(chosen, embedding_size=vectors.size)
    network = _network(cell, chosen, vocabulary, train.names)
    new = RecurrentClassifier(network, vocabulary, config.cleaning, train.names)
    if vectors is not None:
        new.network.start_from(_first_vectors(vocabulary, vectors), chosen.freeze)
    return new


def _network(cell: str, config: NetworkConfig, vocabulary: Vocabulary, labels: Sequence[str]) -> TextNetwork:
    return TextNetwork(cell, config, FIRST_ID + len(vocabulary) + 1, len(labels))


def _first_vectors(vocabulary: Vocabulary, vectors: WordVectors) -> Tensor:
    """Return a row for each id: zeros for padding and unknown words, word vectors for the vocabulary."""
    rows = torch.zeros(FIRST_ID + len(vocabulary) + 1, vectors.size)
    rows[FIRST_ID:-1] = torch.from_numpy(vectors.matrix_for(vocabulary.words).matrix)
    return rows
