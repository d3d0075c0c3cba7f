"""Language models as an application."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from throughtime.application.application import Application, later
from throughtime.application.folder import BEST, run_folder
from throughtime.language.config import EvaluateConfig, Options, RunConfig, TrainConfig

if TYPE_CHECKING:
    from throughtime.language.corpus import Prepared
    from throughtime.language.task import LanguageTask

DOCSTRINGS = {"max_minutes": 10, "max_epochs": 3}
"""Settings for the built-in text, which has more than enough of it."""


def default_folder(corpus: Sequence[str]) -> Path:
    """Return runs/ and the name of the corpus, or docstrings, with -language."""
    folder = run_folder(corpus, "docstrings")
    return folder.with_name(f"{folder.name}-language")


def _describe(config: TrainConfig, prepared: Prepared, task: LanguageTask) -> Iterator[str]:
    train, size = prepared.train, sum(parameter.numel() for parameter in task.module.parameters())
    tested = f" and {len(prepared.test.ids):,} to test on" if prepared.test else ""
    validated = f"{len(prepared.validation.ids):,} to validate on"
    sets = f"{len(train.ids):,} {config.text.unit} to learn from, {validated}"
    yield f"{sets}{tested}; vocabulary {prepared.tokenizer.vocab_size:,}"
    yield f"model: {size:,} parameters, back-end {task.model.recurrence.backend}"


def _preset(command: str, name: str | None, given: Mapping[str, Any]) -> Mapping[str, Any]:
    return {} if given.get("corpus") else DOCSTRINGS


def _next_commands(config: TrainConfig, folder: Path, model: Path) -> list[str]:
    from throughtime.cells.user_modules import import_option

    path, page = shlex.quote(str(model)), shlex.quote(str(folder / "surprise.html"))
    commands = f'run {path} --prompt "The"', f"evaluate {path} --html {page}"
    return [f"throughtime language {command}{import_option(config.recurrence.cell)}" for command in commands]


APPLICATION = Application(
    name="language",
    config=TrainConfig,
    run_name=lambda config: default_folder(config.text.corpus).name,
    prepare=later("throughtime.language.corpus:prepare"),
    reopen=later("throughtime.language.corpus:reopen"),
    announce=lambda config, prepared: prepared.notes,
    task=later("throughtime.language.task:LanguageTask"),
    describe=_describe,
    memory=later("throughtime.language.task:memory_of_training"),
    test=later("throughtime.language.evaluate:test"),
    next_commands=_next_commands,
    options=Options,
    load=later("throughtime.language.model_file:load_model"),
    default_model=default_folder(()) / BEST,
    test_options=EvaluateConfig,
    evaluate=later("throughtime.language.evaluate:evaluate"),
    answer=later("throughtime.language.sample:continued"),
    run_options=RunConfig,
    run=later("throughtime.language.sample:run"),
    route=("continue", "continuations"),
    preset=_preset,
    common=("corpus", "unit", "cell", "hidden_size", "num_layers", "dropout", "max_minutes"),
    help={
        "train": "Train a language model, which predicts a text unit by unit.",
        "evaluate": "Predict a text: nats and bits a character, perplexity, beside counting, and the text "
        "coloured by surprise.",
        "run": "Continue a prompt, each line of a file, or of standard input.",
        "serve": "Serve a language model over HTTP until Ctrl-C.\n\n"
        'POST /continue takes {"text": a prompt, or a list of prompts} and gives the continuation of each.',
    },
    examples={
        "train": "throughtime language train --corpus shakespeare.txt --max-minutes 30",
        "evaluate": "throughtime language evaluate runs/shakespeare-language/best.safetensors --dynamic 20",
        "run": 'throughtime language run runs/shakespeare-language/best.safetensors --prompt "ROMEO:"',
        "serve": "throughtime language serve runs/shakespeare-language/best.safetensors",
    },
)
