"""What the trainer needs to know of language models."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from throughtime.application.memory_estimate import (
    COPIES,
    NUMBER,
    MemoryEstimate,
    activations,
    free_memory,
    parts_of_training,
)
from throughtime.application.processes import processes, processes_here
from throughtime.engine.softmax import ROWS_AT_ONCE
from throughtime.language.config import METRICS, TrainConfig
from throughtime.language.corpus import Prepared
from throughtime.language.model_file import save_model
from throughtime.language.network import LanguageModel
from throughtime.layers.windows import Carried, Plan, Window, plan
from throughtime.measure.counting import best_order, surprise
from throughtime.measure.prediction import surprises
from throughtime.text.unit_corpus import Ids, Text
from throughtime.training.task import Floor, Loss

VALIDATED = 200_000
"""Units that are validated on, the first ones of a longer text, and in how many rows."""
VALIDATION_ROWS = 16


@dataclass
class Batch:
    """A window of each row: units, the units behind them, and the steps of each row where they differ."""

    units: Tensor  # (T, B)
    targets: Tensor  # (T, B)
    lengths: Tensor | None  # (B,), on the CPU
    window: Window

    def to(self, device: torch.device | str) -> Batch:
        """Return the batch with its units on a device."""
        return Batch(self.units.to(device), self.targets.to(device), self.lengths, self.window)


@dataclass(frozen=True)
class Epoch:
    """The batches of an epoch, read from the file of units one at a time."""

    ids: Ids
    plan: Plan

    def __len__(self) -> int:
        return len(self.plan)

    def __getitem__(self, number: int) -> Batch:
        window = self.plan[number]
        longest = int(window.lengths.max())
        steps = np.arange(-1, longest)[:, None]
        whole = bool((window.lengths == longest).all())
        inside = np.minimum(steps, window.lengths - 1)  # beyond the end of a row stands its last unit again
        read = torch.from_numpy(self.ids[(window.starts + inside) % len(self.ids)].astype(np.int64))
        return Batch(read[:-1], read[1:], None if whole else torch.from_numpy(window.lengths), window)


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

    def batches(self, epoch: int) -> Epoch:
        """Return the windows of an epoch; each epoch begins at another place of the text."""
        train, windows = self.prepared.train, self.config.windows
        shift = int(np.random.default_rng([self.config.training.seed, epoch]).integers(len(train.ids)))
        return Epoch(train.ids, plan(train.ends, windows.rows, windows.steps, shift, processes()))

    def loss(self, module: nn.Module, batch: Batch) -> Loss:
        """Return the loss of a batch in nats; its state is carried to the next one."""
        state = self._carried.before(batch.window)
        total, state = module(batch.units, state, batch.lengths, batch.targets)
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
    size = prepared.tokenizer.vocab_size
    with torch.device("meta"):  # shapes alone
        model = LanguageModel(config.recurrence, config.vectors, size)
    weights = NUMBER * sum(parameter.numel() for parameter in model.parameters())
    steps = config.windows.rows * config.windows.steps
    width = config.vectors.embedding_size + 2 * model.output.in_features
    scores = min(steps, ROWS_AT_ONCE) * size + 2 * size * model.output.in_features
    parts = {
        **parts_of_training(weights, config.training, processes()),
        "recurrence": NUMBER * steps * (activations(model.recurrence) + COPIES * width),
        "output layer": NUMBER * scores,
    }
    return MemoryEstimate(parts, free_memory(), processes_here(), "fewer rows, steps or a smaller network")


def _metrics(nats: float, text: Text) -> dict[str, float]:
    bits = nats * len(text.ids) / max(text.characters, 1) / math.log(2)
    return {"loss": nats, "bits_per_character": bits, "perplexity": math.exp(min(nats, 700))}
