"""Sequence labelling as an application."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from throughtime.application.application import Application, NoOptions, later
from throughtime.application.folder import DATA, run_folder
from throughtime.language.label.config import EvaluateConfig, TrainConfig

if TYPE_CHECKING:
    from throughtime.files.step_corpus import StepCorpus


def _prepare(config: TrainConfig, folder: Path, resumed: bool) -> StepCorpus:
    from throughtime.files.step_corpus import prepare, reopen

    if resumed and (corpus := reopen(folder)):
        return corpus
    config.layers.build(1)  # settings are refused before anything is read
    return prepare(config.reading, config.held_out, config.coding, folder, whole=config.layers.bidirectional)


def _next_commands(config: TrainConfig, folder: Path, model: Path) -> list[str]:
    from throughtime.cells.user_modules import import_option

    example = shlex.quote(_prepare(config, folder / DATA, True).example)
    path = shlex.quote(str(model)) + import_option(config.layers.cell)
    return [f"printf '%s\\n' {example} | throughtime label run {path}", f"throughtime label evaluate {path}"]


APPLICATION = Application(
    name="label",
    config=TrainConfig,
    run_name=lambda config: f"{run_folder(config.reading.corpus, 'steps').name}-label",
    prepare=_prepare,
    reopen=lambda config, folder: _prepare(config, folder, True),
    announce=lambda config, corpus: corpus.notes,
    task=later("throughtime.language.label.task:LabelTask"),
    describe=lambda config, corpus, task: [
        f"model: {sum(p.numel() for p in task.module.parameters()):,} parameters, "
        f"back-end {task.module.recurrence.backend}"
    ],
    memory=later("throughtime.language.label.task:memory_of_training"),
    test=later("throughtime.language.label.model:test"),
    next_commands=_next_commands,
    options=NoOptions,
    load=later("throughtime.language.label.model:load_model"),
    test_options=EvaluateConfig,
    evaluate=later("throughtime.language.label.model:evaluate"),
    input="json",
    answer=later("throughtime.language.label.model:answer"),
    route=("label", "labels"),
    common=("corpus", "target_column", "sequence_column", "cell", "hidden_size", "bidirectional"),
    help={
        "train": "Train a network that gives every step of a sequence a label, or a number.",
        "run": "Label sequences: each line of JSON is a list of steps, each an object of the input columns.",
        "serve": 'Serve a model over HTTP until Ctrl-C.\n\nPOST /label takes {"inputs": [a sequence, ...]}.',
    },
    examples={
        "train": "throughtime label train --corpus words.tsv --target-column tag --bidirectional",
        "evaluate": "throughtime label evaluate runs/words-label/best.safetensors --corpus other.tsv",
        "run": "throughtime label run runs/words-label/best.safetensors --file sequences.jsonl",
    },
)
