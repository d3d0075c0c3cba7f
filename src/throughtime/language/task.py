"""What the trainer needs to know of language models."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from throughtime.application.memory_estimate import COPIES, MemoryEstimate, memory_of_steps
from throughtime.application.processes import processes
from throughtime.engine.softmax import ROWS_AT_ONCE
from throughtime.language.config import METRICS, TrainConfig
from throughtime.language.corpus import Prepared
from throughtime.language.model_file import save_model
from throughtime.language.network import LanguageModel
from throughtime.layers.windows import Batch, Batches, Carried, plan
from throughtime.measure.counting import best_order, surprise
from throughtime.measure.prediction import surprises
from throughtime.text.unit_corpus import Text
from throughtime.training.task import Floor, Loss, ParameterGroup, matrices_and_vectors

VALIDATED = 200_000
"""Units that are validated on, the first ones of a longer text, and in how many rows."""
VALIDATION_ROWS = 16


class LanguageTask:
    """Trains a language model on one text, and validates it on another."""

    metrics = METRICS

    def __init__(self, config: TrainConfig, prepared: Prepared) -> None:
        self.config, self.prepared, self.unit = config, prepared, config.text.unit
        torch.manual_seed(config.training.seed)
        size = prepared.tokenizer.vocab_size
        self.module: nn.Module
        self.model = self.module = LanguageModel(config.recurrence, config.vectors, size)
        self._carried = Carried(self.model.recurrence.cell)
        self._validated = prepared.validation.part(0, VALIDATED)

    def batches(self, epoch: int) -> Batches:
        """Return the windows of an epoch; each epoch begins at another place of the text."""
        train, windows = self.prepared.train, self.config.windows
        shift = int(np.random.default_rng([self.config.training.seed, epoch]).integers(len(train.ids)))
        cut = plan(train.ends, windows.rows, windows.steps, shift, processes())
        return Batches(train.predicted_at, len(train.ids), cut)

    def parameter_groups(self) -> list[ParameterGroup]:
        """Return the weights, and the biases, which do not decay."""
        return matrices_and_vectors(self.module)

    def loss(self, module: nn.Module, batch: Batch) -> Loss:
        """Return the loss of a batch in nats; its state is carried to the next one."""
        state = self._carried.before(batch.window)
        total, state = module(batch.inputs, state, batch.lengths, batch.targets)
        self._carried.keep(state)
        count = int(batch.window.lengths.sum())
        return Loss(total, count, count)

    def tensors(self) -> Mapping[str, Tensor]:
        """Return the state carried to the next batch."""
        return self._carried.tensors()

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Continue with a state."""
        self._carried.load_tensors(tensors)

    def validate(self) -> dict[str, float]:
        """Return the metrics on the validation text, cut into rows with a state of their own each."""
        text = self._validated
        edges = np.linspace(0, len(text.ids) - 1, VALIDATION_ROWS + 1).astype(int).tolist()
        nats = surprises(self.model, text.ids, list(pairwise(edges)))
        return _metrics(float(nats.mean()), text)

    def floor(self) -> Floor:
        """Return the metrics of counting."""
        text, size = self._validated, self.prepared.tokenizer.vocab_size
        order = best_order(self.prepared.train.ids, size)
        nats = surprise(self.prepared.train.ids, text.ids, size, order).mean()
        return Floor(f"counting what follows {order} {self.unit}", _metrics(float(nats), text))

    def save_model(self, path: Path, weights: dict[str, Tensor]) -> None:
        """Write the model with these weights."""
        save_model(path, self.config, weights, self.prepared.tokenizer)


def memory_of_training(config: TrainConfig, prepared: Prepared) -> MemoryEstimate:
    """Return the memory of training; texts stay on the disk."""
    size, steps = prepared.tokenizer.vocab_size, config.windows.rows * config.windows.steps
    with torch.device("meta"):  # shapes alone
        model = LanguageModel(config.recurrence, config.vectors, size)
    width = model.output.in_features
    scores = min(steps, ROWS_AT_ONCE) * size + 2 * size * width
    numbers = COPIES * (config.vectors.embedding_size + 2 * width) * steps + scores
    return memory_of_steps(model, model.recurrence, steps, numbers, config.training)


def _metrics(nats: float, text: Text) -> dict[str, float]:
    bits = nats * len(text.ids) / max(text.characters, 1) / math.log(2)
    return {"loss": nats, "bits_per_character": bits, "perplexity": math.exp(min(nats, 700))}
