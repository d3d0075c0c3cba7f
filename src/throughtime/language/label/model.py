"""A recurrent network that answers at every step: its file, its scores and its answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from throughtime.application.application import NoOptions
from throughtime.application.folder import DATA
from throughtime.artefact.file import Artefact, load, save
from throughtime.cells.user_modules import require_imported
from throughtime.errors import InputError
from throughtime.files.step_corpus import Observed, StepCoding, StepCorpus, reopen
from throughtime.files.steps import read_steps
from throughtime.files.values import Decoded
from throughtime.language.label.config import EvaluateConfig, LayersConfig, TrainConfig
from throughtime.layers.forms import State
from throughtime.layers.steps import StepInputs, StepOutput
from throughtime.layers.windows import read_whole
from throughtime.measure.floors import Places, Predictions, Values, floors_of_steps
from throughtime.measure.step_scores import StepScores
from throughtime.settings import from_json, to_json

KIND = "label"


class Labeller(nn.Module):
    """y(t) = W h(t) + b,  h = recurrence(x)."""

    def __init__(self, coding: StepCoding, layers: LayersConfig) -> None:
        super().__init__()
        self.coding, self.layers = coding, layers
        self.inputs = StepInputs([(each.size, each.gaps) for each in coding.inputs], layers.embedding_size)
        self.recurrence = layers.build(self.inputs.output_size, bidirectional=layers.bidirectional)
        self.dropout = nn.Dropout(layers.dropout)
        self.output = StepOutput(self.recurrence.output_size, len(coding.target.names or ()))

    def forward(
        self, inputs: Tensor, targets: Tensor, state: State | None, lengths: Tensor | None
    ) -> tuple[Tensor, State]:
        """Return the loss, summed over the targets (T, B) that are not NaN, and the state."""
        features, after = self.features(inputs, state, lengths)
        return self.output.loss(features, targets), after

    def features(self, inputs: Tensor, state: State | None, lengths: Tensor | None) -> tuple[Tensor, State]:
        """Return what the output layer reads, (T, B, width), for inputs (T, B, C), and the state."""
        read, after = self.recurrence(self.dropout(self.inputs(inputs)), state, lengths=lengths)
        return self.dropout(read), after

    def predict(self, inputs: Values, ends: Places) -> Predictions:
        """Return log probabilities of labels (N, L), or numbers (N,), for the steps of whole sequences."""

        def read(steps: Tensor, lengths: Tensor | None) -> Tensor:
            return self.output.predict(self.features(steps.to(self.output.weight.device), None, lengths)[0])

        return read_whole(read, inputs, ends).double().numpy()

    def scores(self, part: Observed, learned: StepCorpus | None = None) -> StepScores:
        """Judge the model, and the simplest methods where it is known what they learn from."""
        floors = floors_of_steps(learned, causal=not self.layers.bidirectional) if learned else {}
        return StepScores.of({"model": self.predict, **floors}, part, self.coding.target)

    def save(self, path: Path, weights: dict[str, Tensor]) -> None:
        """Write the model with these weights as one file, whole or not at all."""
        config = {"coding": to_json(self.coding), "layers": to_json(self.layers)}
        save(Artefact(KIND, config, weights, {}), path)


def load_model(path: Path, _: NoOptions | None = None) -> Labeller:
    """Read a model file; raise InputError for another file, and where a cell's module is not imported."""
    artefact = load(path, KIND)
    layers = from_json(LayersConfig, artefact.config["layers"])
    require_imported(layers.cell)
    model = Labeller(from_json(StepCoding, artefact.config["coding"]), layers)
    model.load_state_dict(artefact.tensors)
    return model.eval()


def test(config: TrainConfig, corpus: StepCorpus, folder: Path, path: Path) -> StepScores | None:
    """Judge the model of a run by what was held out, if anything."""
    return load_model(path).scores(corpus.parts["test"], corpus) if "test" in corpus.parts else None


def evaluate(path: Path, options: NoOptions, asked: EvaluateConfig) -> StepScores:
    """Judge a model file by the corpus that is named, or by what its run held out."""
    model, learned = load_model(path), reopen(path.parent / DATA)
    if asked.reading.corpus:
        steps = read_steps(asked.reading.otherwise(model.coding.columns))
        return model.scores(model.coding.observed(steps), learned)
    if learned is None or "test" not in learned.parts:
        raise InputError("no steps were held out for this model; name some with --corpus")
    return model.scores(learned.parts["test"], learned)


def answer(model: Labeller, sequences: Sequence[Any]) -> list[Decoded]:
    """Answer sequences as JSON has them; raise InputError for one that is not as those learned from."""
    steps = model.coding.of_json(sequences)
    predicted = np.split(model.predict(steps.inputs, steps.ends), steps.ends[:-1])
    return list(map(model.coding.target.decode, predicted))
