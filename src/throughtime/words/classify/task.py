"""What the trainer needs to know of text classification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from throughtime.artefact.sealed import digest_of
from throughtime.training.task import Floor, Loss
from throughtime.words.classify.batches import Encoded, Epoch, in_order, plan
from throughtime.words.classify.calibrate import fit_temperature
from throughtime.words.classify.config import METRICS
from throughtime.words.classify.measure import Judgement, judge
from throughtime.words.classify.network import TextNetwork, Texts


class ClassificationTask:
    """Trains a network on texts; validated are loss, accuracy and macro-averaged F1, in per cent.

    save: writes a model file with weights and a temperature, which is fitted on the validation texts.
    first_vectors: gives the word vectors that a new network starts from, if not random ones.
    """

    def __init__(
        self,
        network: TextNetwork,
        train: Encoded,
        validation: Encoded,
        labels: tuple[str, ...],
        seed: int,
        save: Callable[[Path, Mapping[str, Tensor], float], None],
        first_vectors: Callable[[], Tensor] | None = None,
    ) -> None:
        self.network, self.train, self.validation = network, train, validation
        self.labels, self.seed, self._save = labels, seed, save
        self._first_vectors = first_vectors
        self._validated: tuple[str, NDArray[np.float64]] | None = None  # of which weights, and the logits

    unit = "words"
    metrics = METRICS

    @property
    def module(self) -> nn.Module:
        """The network."""
        return self.network

    def initialise(self) -> None:
        """Give a new network its first word vectors."""
        if self._first_vectors is not None:
            self.network.start_from(self._first_vectors(), self.network.config.freeze)

    def batches(self, epoch: int) -> Epoch:
        """Return the batches of an epoch."""
        generator = np.random.default_rng([self.seed, epoch])
        return Epoch(self.train, plan(self.train.lengths, self.network.config.texts_per_batch, generator))

    def loss(self, module: nn.Module, batch: Texts) -> Loss:
        """Return the cross-entropy of a batch, in nats."""
        total = cross_entropy(module(batch), batch.labels, reduction="sum")
        return Loss(total, len(batch.labels), batch.words)

    def validate(self) -> dict[str, float]:
        """Return loss, accuracy and macro F1 of the validation texts."""
        return _metrics(judge(softmax(self._logits(), axis=1), self.validation.labels, self.labels))

    def floor(self) -> Floor:
        """Return the metrics of giving every text the shares of the labels in training."""
        counts = np.bincount(self.train.labels, minlength=len(self.labels)) + 1.0
        chances = np.tile(counts / counts.sum(), (len(self.validation), 1))
        judgement = judge(chances, self.validation.labels, self.labels)
        return Floor("a model that knows only how frequent each label is", _metrics(judgement))

    def save_model(self, path: Path, weights: dict[str, Tensor]) -> None:
        """Write the model with these weights, which are the network's, calibrated on the validation texts."""
        self._save(path, weights, fit_temperature(self._logits(), self.validation.labels))

    def _logits(self) -> NDArray[np.float64]:
        """The logits of the validation texts (N, labels), computed once for the same weights."""
        digest = digest_of({}, {name: each.cpu() for name, each in self.network.state_dict().items()})
        if self._validated is None or self._validated[0] != digest:
            mode = self.network.training
            self._validated = digest, logits(self.network.eval(), self.validation)
            self.network.train(mode)
        return self._validated[1]


def _metrics(judgement: Judgement) -> dict[str, float]:
    return {
        "loss": judgement.log_loss,
        "accuracy": 100 * judgement.accuracy.value,
        "f1": 100 * judgement.macro_f1,
    }


def logits(network: TextNetwork, encoded: Encoded) -> NDArray[np.float64]:
    """Return (N, labels) for all texts, in their order; the network stays in the mode that it is in."""
    device = network.output.weight.device
    found = np.empty((len(encoded), network.output.out_features))
    with torch.no_grad():
        for chosen in in_order(encoded.lengths, network.config.texts_per_batch):
            found[chosen] = network(encoded.texts(chosen).to(device)).cpu().numpy()
    return found
