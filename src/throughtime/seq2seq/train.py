"""A whole training run: data, training, the final test, the report, and what to type next."""

from __future__ import annotations

import json
import shlex
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from lightning_fabric import Fabric
from rich.console import Console

from throughtime.application.folder import no_false_start
from throughtime.application.lock import LOCK, held, held_by_first
from throughtime.application.processes import join, processes, processes_here
from throughtime.artefact.report import write_report
from throughtime.console import say
from throughtime.errors import InputError
from throughtime.files.pairs import Pair
from throughtime.seq2seq.config import (
    DataConfig,
    ModelConfig,
    SearchConfig,
    TrainConfig,
    TrainingConfig,
    with_tuples,
)
from throughtime.seq2seq.data.prepare import Prepared, open_prepared, prepare, write_tsv
from throughtime.seq2seq.evaluate import Evaluation, evaluate
from throughtime.seq2seq.first_vectors import begin_with_vectors, freeze, require_vectors
from throughtime.seq2seq.memory_estimate import Forecast, forecast
from throughtime.seq2seq.model_file import load_model
from throughtime.seq2seq.network.model import Translator
from throughtime.seq2seq.pipeline import load_pipeline
from throughtime.seq2seq.show import show_scores, translations_table
from throughtime.seq2seq.task import Sets, TranslationTask
from throughtime.text.tokenizer import same_vocabularies
from throughtime.training.fit import fit
from throughtime.training.outcome import Outcome
from throughtime.training.processes import first_does

SETTINGS, REPORT, TEST = "settings.json", "report.json", "test.tsv"
RUN_FILES = (
    SETTINGS,
    REPORT,
    TEST,
    "metrics.jsonl",
    "best.safetensors",
    "last.safetensors",
    "checkpoint.safetensors",
    "step-*.safetensors",
    "snapshots/step-*.safetensors",
    "tensorboard/events.out.tfevents.*",
)
"""All that a run writes into its folder; whatever else lies there is the user's own."""

SHOWN = 5
"""Translations of the test shown at the end."""


def train_run(config: TrainConfig, folder: Path, overwrite: bool, console: Console) -> None:
    """Trains anew in `folder` and says what to type next.

    Raises InputError where it holds a run and `overwrite` is not set, and as `begin_run` does.
    """
    fabric = join(config.training.precision)
    first_does(fabric, lambda: _require_no_run(folder, overwrite))
    outcome = begin_run(config, folder, _resume_command(folder), console, fabric=fabric)
    if fabric.is_global_zero:
        _say_next(outcome, folder, console)


def resume_run(folder: Path, console: Console, budget: Mapping[str, float] | None = None) -> None:
    """Continue the run in `folder` with its own settings and say what to type next.

    `budget` replaces settings of its training, in the run's settings.json too.

    Raises:
        InputError: the run cannot be continued.
    """
    config, changes = settings_of(folder), budget or {}
    config = replace(config, training=replace(config.training, **changes))
    fabric = join(config.training.precision)
    if changes:
        first_does(fabric, lambda: _write_settings(config, folder))
    outcome = continue_run(config, folder, _resume_command(folder), console, fabric=fabric)
    if fabric.is_global_zero:
        _say_next(outcome, folder, console)


def begin_run(
    config: TrainConfig,
    folder: Path,
    hint: str,
    console: Console,
    *,
    tests: bool = True,
    prepared: Prepared | None = None,
    fabric: Fabric | None = None,
) -> Outcome:
    """Trains, tests, unless `tests` is off, and reports in `folder`; `hint` is the command that resumes.

    prepared: the corpus; by default it is prepared in the run's own folder. fabric: the processes that train.
    Raises InputError for settings and data of no use; model, checkpoints and report of an earlier run are
    touched only when these are ready.
    """
    fabric = fabric or join(config.training.precision)
    console = console if fabric.is_global_zero else Console(quiet=True)
    with no_false_start(folder), _own(fabric, folder):
        first_does(fabric, lambda: _check(config))
        prepared = prepared or _prepared(config, folder, console, fabric)
        task = _task(config, prepared, console, fabric)
        _begin_with_vectors(task, config.data, console, fabric)
        first_does(fabric, lambda: _start_over(config, folder))
        return _train(config, prepared, task, folder, hint, console, fabric, tests, resume=False)


def continue_run(
    config: TrainConfig,
    folder: Path,
    hint: str,
    console: Console,
    *,
    tests: bool = True,
    prepared: Prepared | None = None,
    fabric: Fabric | None = None,
) -> Outcome:
    """Goes on with the run in `folder` by its own settings, which `settings_of` gives, as `begin_run` would
    have, on the corpus that it began with; raises InputError where it cannot."""
    fabric = fabric or join(config.training.precision)
    console = console if fabric.is_global_zero else Console(quiet=True)
    with _own(fabric, folder):
        prepared = prepared or _prepared(config, folder, console, fabric, whatever_the_sources=True)
        task = _task(config, prepared, console, fabric)
        freeze(task.translator, config.data)
        for line in first_does(fabric, lambda: _compared_with_last(config, task, folder)):
            say(console, line)
        return _train(config, prepared, task, folder, hint, console, fabric, tests, resume=True)


def settings_of(folder: Path) -> TrainConfig:
    """The settings of the run in a folder; raises InputError where there is none that can go on."""
    path = folder / SETTINGS
    if not path.exists():
        raise InputError(f"{folder} holds no run: there is no {SETTINGS} in it")
    if not (folder / "checkpoint.safetensors").exists():
        raise InputError(
            f"{folder} holds a run that ended before its first checkpoint; train --overwrite begins anew"
        )
    return read_settings(path)


def read_settings(path: Path) -> TrainConfig:
    """The settings that a run was started with; raises InputError for a file that is not that."""
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        return TrainConfig(
            DataConfig(**with_tuples(given["data"])),
            ModelConfig(**given["model"]),
            TrainingConfig(**with_tuples(given["training"])),
        )
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is not the settings of a run: {error}") from error


def _check(config: TrainConfig) -> None:
    """Builds the network with hardly a word: settings that do not fit are told before data is read."""
    try:
        Translator(config.model, 5, 5)
    except ValueError as error:
        raise InputError(str(error)) from error
    require_vectors(config)


def _compared_with_last(config: TrainConfig, task: TranslationTask, folder: Path) -> list[str]:
    """Return what settings.json says otherwise of the data than the last model of the run.

    Raises:
        InputError: the vocabulary, or a setting of the network, is another.
    """
    last = load_model(folder / "last.safetensors")
    if not same_vocabularies(last.tokenizers, task.tokenizers):
        raise InputError(
            f"the corpus has changed since the run in {folder} began: it gives another vocabulary"
        )
    if other := _differences(config.model, last.model.config):
        raise InputError(
            f"{folder / SETTINGS} is not of the run in {folder}: {other}; restore what it was and resume"
        )
    other = _differences(config.data, last.data)
    return [f"resuming with {other}"] if other else []


def _differences(now: ModelConfig | DataConfig, before: ModelConfig | DataConfig) -> str:
    """Return the fields in which two configurations of one kind differ: "dropout 0.5 (was 0.3)"."""
    names = [field.name for field in fields(now)]
    pairs = ((name, getattr(now, name), getattr(before, name)) for name in names)
    return ", ".join(f"{name} {new} (was {old})" for name, new, old in pairs if new != old)


@contextmanager
def _own(fabric: Fabric, folder: Path) -> Generator[None]:
    """Keeps other runs out of the folder, from preparing to reporting."""
    with held_by_first(fabric, folder):
        try:
            yield
        finally:
            if fabric.is_global_zero and not (folder / SETTINGS).exists():  # nothing came of it
                (folder / LOCK).unlink(missing_ok=True)


def _require_no_run(folder: Path, overwrite: bool) -> None:
    if (folder / SETTINGS).exists() and not overwrite:
        raise InputError(
            f"{folder} holds a run already; `{_resume_command(folder)}` goes on with it, "
            "--overwrite begins anew, --folder takes another place"
        )


def _write_settings(config: TrainConfig, folder: Path) -> None:
    with held(folder):
        write_report(folder / SETTINGS, asdict(config))


def _start_over(config: TrainConfig, folder: Path) -> None:
    _remove(folder, RUN_FILES)
    write_report(folder / SETTINGS, asdict(config))


def _prepared(
    config: TrainConfig, folder: Path, console: Console, fabric: Fabric, whatever_the_sources: bool = False
) -> Prepared:
    """The corpus, which the first process prepares and the others open."""
    made: list[Prepared] = []
    place = folder / "data"
    with console.status("preparing the corpus"):
        first_does(fabric, lambda: made.append(prepare(config.data, place, whatever_the_sources)))
    return made[0] if made else open_prepared(config.data, place)


def _task(config: TrainConfig, prepared: Prepared, console: Console, fabric: Fabric) -> TranslationTask:
    """What is to be trained, announced; raises InputError where the memory does not hold it."""
    sets = Sets(prepared.train, prepared.validation, prepared.texts.validation)
    both = prepared.tokenizers
    src_lengths, tgt_lengths = prepared.train.src_lengths, prepared.train.tgt_lengths
    longest, all_tokens = int(src_lengths.max()), int(np.maximum(src_lengths, tgt_lengths).sum())
    words = both.src.vocab_size, both.tgt.vocab_size
    needed = forecast(config, words, longest, all_tokens, processes(), processes_here())
    first_does(fabric, needed.check)
    task = TranslationTask(config, both, sets)
    _announce(config, prepared, task, needed, console)
    return task


def _begin_with_vectors(task: TranslationTask, config: DataConfig, console: Console, fabric: Fabric) -> None:
    begin = partial(begin_with_vectors, task.translator, task.tokenizers, config)
    for line in first_does(fabric, begin):
        say(console, line)
    if not fabric.is_global_zero:
        begin()  # which has been done without an error once


def _train(
    config: TrainConfig,
    prepared: Prepared,
    task: TranslationTask,
    folder: Path,
    hint: str,
    console: Console,
    fabric: Fabric,
    tests: bool,
    resume: bool,
) -> Outcome:
    outcome = fit(
        task, config.training, folder, resume=resume, resume_hint=hint, fabric=fabric, console=console
    )
    if not outcome.interrupted:  # the others wait, so that none is missed while there is work
        first_does(fabric, lambda: _finish(config, prepared.texts.test, outcome, folder, console, tests))
    return outcome


def _resume_command(folder: Path) -> str:
    return f"throughtime seq2seq resume {shlex.quote(str(folder))}"


def _remove(folder: Path, patterns: Sequence[str]) -> None:
    for pattern in patterns:
        for path in folder.glob(pattern):
            path.unlink()


def _announce(
    config: TrainConfig, prepared: Prepared, task: TranslationTask, needed: Forecast, console: Console
) -> None:
    for note in prepared.texts.notes:
        say(console, note)
    sizes = (prepared.tokenizers.src.vocab_size, prepared.tokenizers.tgt.vocab_size)
    left_out = prepared.train.too_long
    say(
        console,
        f"training on {len(prepared.train):,} pairs"
        + (f" ({left_out:,} left out as too long in tokens)" if left_out else "")
        + f", validating on {len(prepared.validation):,}; vocabularies {sizes[0]:,} and {sizes[1]:,}"
        + (" (joint)" if config.data.joint else ""),
    )
    parameters = sum(parameter.numel() for parameter in task.module.parameters())
    say(console, f"model: {parameters:,} parameters, back-end {task.translator.encoder.backend}")
    say(console, needed.summary())


def _finish(
    config: TrainConfig, test: Sequence[Pair], outcome: Outcome, folder: Path, console: Console, tests: bool
) -> None:
    report: dict[str, Any] = {
        "settings": asdict(config),
        "training": {**asdict(outcome), "model": str(outcome.model)},
    }
    say(console, outcome.sentence())
    if test:
        write_tsv(test, folder / TEST)
    if test and tests:
        report["test"] = _tested(test, outcome.model, console).to_dict()
    write_report(folder / REPORT, report)


def _say_next(outcome: Outcome, folder: Path, console: Console) -> None:
    if outcome.interrupted:
        return
    if outcome.shortfall:
        say(console, f"\nTraining is not done: {outcome.shortfall}. The report is {folder / REPORT}. Next:")
        commands = [f"{_resume_command(folder)} {outcome.larger_budget}"]
    else:
        say(console, f"\nThe model is {outcome.model}, the report {folder / REPORT}. Next:")
        commands = _next_commands(outcome.model, folder, (folder / TEST).exists())
    for command in commands:
        say(console, f"  {command}")


def _tested(test: Sequence[Pair], model: Path, console: Console) -> Evaluation:
    pipeline = load_pipeline([model], SearchConfig())
    evaluation = evaluate(pipeline, test)
    show_scores(console, evaluation.scores, "Test")
    console.print(translations_table(test[:SHOWN], evaluation.translations[:SHOWN]))
    return evaluation


def _next_commands(model: Path, folder: Path, tested: bool) -> list[str]:
    path = shlex.quote(str(model))
    commands = [f'throughtime seq2seq run {path} "How are you?"']
    if tested:
        commands.append(f"throughtime seq2seq evaluate {path} --corpus {shlex.quote(str(folder / TEST))}")
    return commands
