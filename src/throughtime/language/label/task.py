"""What the trainer needs to know of sequence labelling."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from throughtime.application.memory_estimate import COPIES, MemoryEstimate, memory_of_steps
from throughtime.application.processes import processes
from throughtime.files.step_corpus import StepCorpus
from throughtime.language.label.config import TrainConfig
from throughtime.language.label.model import Labeller
from throughtime.layers.windows import Batch, Batches, Carried, plan, whole
from throughtime.measure.step_scores import LABEL_METRICS, NUMBER_METRICS
from throughtime.training.task import Floor, Loss, ParameterGroup, matrices_and_vectors


class LabelTask:
    """Trains a network on windows of sequences, or, where it reads both ways, on whole ones."""

    unit = "steps"

    def __init__(self, config: TrainConfig, corpus: StepCorpus) -> None:
        self.config, self.corpus = config, corpus
        torch.manual_seed(config.training.seed)
        self.module = Labeller(corpus.coding, config.layers)
        self._carried = Carried(self.module.recurrence.cell)
        self.tensors, self.load_tensors = self._carried.tensors, self._carried.load_tensors
        self.save_model = self.module.save
        self.metrics = NUMBER_METRICS if corpus.coding.target.names is None else LABEL_METRICS

    def batches(self, epoch: int) -> Batches:
        """Return the batches of an epoch: windows from another place on, or sequences in another order."""
        train, windows = self.corpus.parts["train"], self.config.windows
        draw = np.random.default_rng([self.config.training.seed, epoch])
        if self.config.layers.bidirectional:
            cut = whole(train.ends, windows.rows, draw.permutation(len(train.ends)), processes())
        else:
            shift = int(draw.integers(len(train.targets)))
            cut = plan(train.ends, windows.rows, windows.steps, shift, processes())
        return Batches(train.at, len(train.targets), cut)

    def parameter_groups(self) -> list[ParameterGroup]:
        """Return the weights, and the biases, which do not decay."""
        return matrices_and_vectors(self.module)

    def loss(self, module: nn.Module, batch: Batch) -> Loss:
        """Return the loss of a batch, in nats or squared deviations; its state is carried to the next."""
        state = self._carried.before(batch.window)
        total, state = module(batch.inputs, batch.targets, state, batch.lengths)
        self._carried.keep(state)
        return Loss(total, int((~batch.targets.isnan()).sum()), int(batch.window.lengths.sum()))

    def validate(self) -> dict[str, float]:
        """Return the metrics of the model on the validation part."""
        return self.module.scores(self.corpus.parts["validation"]).scores["model"]

    def floor(self) -> Floor:
        """Return the metrics of the best of the simplest methods there."""
        return Floor(*self.module.scores(self.corpus.parts["validation"], self.corpus).best_floor())


def memory_of_training(config: TrainConfig, corpus: StepCorpus) -> MemoryEstimate:
    """Return the memory of training; what is read whole takes as many steps as the longest sequence."""
    with torch.device("meta"):  # shapes alone
        model = Labeller(corpus.coding, config.layers)
    longest = int(np.diff(corpus.parts["train"].ends, prepend=0).max())
    steps = config.windows.rows * (longest if config.layers.bidirectional else config.windows.steps)
    width = model.inputs.output_size + 2 * model.recurrence.output_size + model.output.out_features
    return memory_of_steps(model, model.recurrence, steps, COPIES * width * steps, config.training)
