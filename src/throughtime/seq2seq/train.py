"""A whole training run: data, training, the final test, the report, and what to type next."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from throughtime.errors import InputError
from throughtime.seq2seq.config import DataConfig, ModelConfig, SearchConfig, TrainConfig, TrainingConfig
from throughtime.seq2seq.evaluate import Evaluation, evaluate, write_report
from throughtime.seq2seq.prepare import Prepared, prepare, write_tsv
from throughtime.seq2seq.readers import Pair
from throughtime.seq2seq.run import decoder_of, load_pipeline
from throughtime.seq2seq.show import scores_table, translations_table
from throughtime.seq2seq.task import Sets, TranslationTask
from throughtime.training.fit import fit
from throughtime.training.outcome import Outcome

SETTINGS = "settings.json"
SHOWN = 5
"""Translations of the test shown at the end."""


def default_folder(corpus: Sequence[str]) -> Path:
    """runs/ and the name of the corpus, or phrasebook."""
    name = re.sub(r"[^\w-]+", "-", corpus[0].removeprefix("hf:").split("/")[-1].split(".")[0]) if corpus else ""
    return Path("runs") / (name or "phrasebook")


def train_run(config: TrainConfig, folder: Path, overwrite: bool, console: Console) -> None:
    """Trains anew in `folder`; raises InputError where it holds a run and `overwrite` is not set."""
    if (folder / SETTINGS).exists():
        if not overwrite:
            raise InputError(
                f"{folder} holds a run already; `throughtime seq2seq resume {folder}` goes on with it, "
                "--overwrite begins anew, --folder takes another place"
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_report(folder / SETTINGS, asdict(config))
    _run(config, folder, console, resume=False)


def resume_run(folder: Path, console: Console) -> None:
    """Goes on with the run in `folder` by its own settings; raises InputError where there is none."""
    path = folder / SETTINGS
    if not path.exists():
        raise InputError(f"{folder} holds no run: there is no {SETTINGS} in it")
    _run(read_settings(path), folder, console, resume=True)


def read_settings(path: Path) -> TrainConfig:
    """The settings that a run was started with; raises InputError for a file that is not that."""
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        return TrainConfig(
            DataConfig(**_tuples(given["data"])),
            ModelConfig(**given["model"]),
            TrainingConfig(**_tuples(given["training"])),
        )
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not the settings of a run: {error}") from error


def _run(config: TrainConfig, folder: Path, console: Console, resume: bool) -> None:
    prepared = prepare(config.data, folder / "data", config.training.seed)
    task = _task(config, prepared)
    _announce(config, prepared, task, console)
    hint = f"throughtime seq2seq resume {shlex.quote(str(folder))}"
    outcome = fit(task, config.training, folder, resume=resume, resume_hint=hint, console=console)
    if not outcome.interrupted:
        _finish(config, prepared.texts.test, outcome, folder, console)


def _task(config: TrainConfig, prepared: Prepared) -> TranslationTask:
    sets = Sets(prepared.train, prepared.validation, prepared.texts.validation)
    return TranslationTask(config, prepared.tokenizers, sets)


def _announce(config: TrainConfig, prepared: Prepared, task: TranslationTask, console: Console) -> None:
    for note in prepared.texts.notes:
        console.print(note, highlight=False, soft_wrap=True)
    sizes = (prepared.tokenizers.src.vocab_size, prepared.tokenizers.tgt.vocab_size)
    left_out = prepared.train.too_long
    console.print(
        f"training on {len(prepared.train):,} pairs"
        + (f" ({left_out:,} left out as too long in tokens)" if left_out else "")
        + f", validating on {len(prepared.validation):,}; vocabularies {sizes[0]:,} and {sizes[1]:,}"
        + (" (joint)" if config.data.joint else ""),
        highlight=False,
    )
    parameters = sum(parameter.numel() for parameter in task.module.parameters())
    console.print(f"model: {parameters:,} parameters, cells run by {task.translator.encoder.backend}", highlight=False)


def _finish(config: TrainConfig, test: Sequence[Pair], outcome: Outcome, folder: Path, console: Console) -> None:
    report: dict[str, Any] = {"settings": asdict(config), "training": {**asdict(outcome), "model": str(outcome.model)}}
    console.print(_ended(outcome), highlight=False)
    if test:
        evaluation = _tested(config, test, outcome.model, console)
        report["test"] = evaluation.to_dict()
        write_tsv(test, folder / "test.tsv")
    write_report(folder / "report.json", report)
    console.print(f"\nThe model is {outcome.model}, the report {folder / 'report.json'}. Next:", highlight=False)
    for command in _next_commands(outcome.model, folder, bool(test)):
        console.print(f"  {command}", highlight=False, soft_wrap=True)


def _tested(config: TrainConfig, test: Sequence[Pair], model: Path, console: Console) -> Evaluation:
    pipeline = load_pipeline([model], decoder_of(SearchConfig()))
    evaluation = evaluate(pipeline, test, config.data.tgt_language)
    console.print(scores_table(evaluation.scores, "Test"))
    console.print(translations_table(test[:SHOWN], evaluation.translations[:SHOWN]))
    return evaluation


def _ended(outcome: Outcome) -> str:
    reasons = {"epochs": "all epochs are done", "minutes": "the time is used up", "patience": "no more improvement"}
    best = ", ".join(f"{name} {value:.4g}" for name, value in outcome.best_metrics.items())
    made = "an average of the last weights" if outcome.averaged else f"step {outcome.best_step}"
    return (
        f"training ended after {outcome.epochs:.1f} epochs and {outcome.minutes:.1f} minutes: "
        f"{reasons[outcome.stopped]}; best: {made} ({best})"
    )


def _next_commands(model: Path, folder: Path, tested: bool) -> list[str]:
    path = shlex.quote(str(model))
    commands = [f'throughtime seq2seq run {path} "How are you?"']
    if tested:
        commands.append(f"throughtime seq2seq evaluate {path} --corpus {shlex.quote(str(folder / 'test.tsv'))}")
    return commands


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    """JSON has lists where the settings have tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
