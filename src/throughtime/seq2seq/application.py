"""Sequence to sequence as an application: translation, question answering, conversation."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from throughtime.application.application import Application, Command
from throughtime.application.folder import BEST, run_folder
from throughtime.errors import InputError
from throughtime.seq2seq.config import AnswerConfig, EvaluateConfig, RunConfig, TrainConfig
from throughtime.seq2seq.presets import PLAIN_FORM, PRESETS
from throughtime.settings import differences

if TYPE_CHECKING:
    from throughtime.application.memory_estimate import MemoryEstimate
    from throughtime.seq2seq.data.prepare import Prepared
    from throughtime.seq2seq.pipeline import Candidate, Pipeline
    from throughtime.seq2seq.show import Scored
    from throughtime.seq2seq.task import TranslationTask

TEST = "test.tsv"
SHOWN = 5
"""Translations of the test shown at the end."""


def default_folder(corpus: Sequence[str]) -> Path:
    """Return runs/ and the name of the corpus, or phrasebook."""
    return run_folder(corpus, "phrasebook")


PHRASEBOOK_MODEL = default_folder(()) / BEST


def _prepare(config: TrainConfig, folder: Path, resumed: bool) -> Prepared:
    from throughtime.seq2seq.data.prepare import prepare

    if not resumed:
        _check(config)
    return prepare(config.data, folder, whatever_the_sources=resumed)


def _check(config: TrainConfig) -> None:
    """Build the network with a vocabulary of next to nothing: settings are refused before data is read."""
    from throughtime.seq2seq.first_vectors import require_vectors
    from throughtime.seq2seq.network.model import Translator

    try:
        Translator(config.model, 5, 5)
    except ValueError as error:
        raise InputError(str(error)) from error
    require_vectors(config)


def _reopen(config: TrainConfig, folder: Path) -> Prepared:
    from throughtime.seq2seq.data.prepare import open_prepared

    return open_prepared(config.data, folder)


def _task(config: TrainConfig, prepared: Prepared) -> TranslationTask:
    from throughtime.seq2seq.first_vectors import freeze
    from throughtime.seq2seq.task import Sets, TranslationTask

    sets = Sets(prepared.train, prepared.validation, prepared.texts.validation)
    task = TranslationTask(config, prepared.tokenizers, sets)
    freeze(task.translator, config.data)
    return task


def _announce(config: TrainConfig, prepared: Prepared) -> Sequence[str]:
    return prepared.texts.notes


def _describe(config: TrainConfig, prepared: Prepared, task: TranslationTask) -> list[str]:
    sizes = (prepared.tokenizers.src.vocab_size, prepared.tokenizers.tgt.vocab_size)
    left_out = prepared.train.too_long
    parameters = sum(parameter.numel() for parameter in task.module.parameters())
    return [
        f"training on {len(prepared.train):,} pairs"
        + (f" ({left_out:,} left out as too long in tokens)" if left_out else "")
        + f", validating on {len(prepared.validation):,}; vocabularies {sizes[0]:,} and {sizes[1]:,}"
        + (" (joint)" if config.data.joint else ""),
        f"model: {parameters:,} parameters, back-end {task.translator.encoder.backend}",
    ]


def _memory(config: TrainConfig, prepared: Prepared) -> MemoryEstimate:
    from throughtime.seq2seq.memory_estimate import memory_of_training

    return memory_of_training(config, prepared)


def _initialise(config: TrainConfig, task: TranslationTask) -> list[str]:
    from throughtime.seq2seq.first_vectors import begin_with_vectors

    return begin_with_vectors(task.translator, task.tokenizers, config.data)


def _resumed(config: TrainConfig, task: TranslationTask, last_model: Path) -> list[str]:
    """Return what the settings say otherwise of the data than the last model of the run.

    Raises:
        InputError: the vocabulary, or a setting of the network, is another.
    """
    from throughtime.seq2seq.model_file import load_model
    from throughtime.text.tokenizer import same_vocabularies

    last, folder = load_model(last_model), last_model.parent
    if not same_vocabularies(last.tokenizers, task.tokenizers):
        raise InputError(
            f"the corpus has changed since the run in {folder} began: it gives another vocabulary"
        )
    if other := differences(config.model, last.model.config):
        raise InputError(
            f"{folder / 'settings.json'} is not of the run in {folder}: {other}; "
            "restore what it was and resume"
        )
    other = differences(config.data, last.data)
    return [f"resuming with {other}"] if other else []


def _test(config: TrainConfig, prepared: Prepared, folder: Path, model: Path) -> Scored | None:
    from throughtime.seq2seq.config import SearchConfig
    from throughtime.seq2seq.data.prepare import write_tsv
    from throughtime.seq2seq.evaluate import evaluate
    from throughtime.seq2seq.pipeline import load_pipeline
    from throughtime.seq2seq.show import Scored, translations_table

    if not (pairs := prepared.texts.test):
        return None
    write_tsv(pairs, folder / TEST)
    evaluation = evaluate(load_pipeline([model], SearchConfig()), pairs)
    table = translations_table(pairs[:SHOWN], evaluation.translations[:SHOWN])
    return Scored(evaluation, "Test", [table])


def _next_commands(config: TrainConfig, folder: Path, model: Path) -> list[str]:
    from throughtime.cells.user_modules import import_option

    path, test = shlex.quote(str(model)), folder / TEST
    commands = [f'throughtime seq2seq run {path} "How are you?"']
    if test.exists():
        commands.append(f"throughtime seq2seq evaluate {path} --corpus {shlex.quote(str(test))}")
    return [f"{command}{import_option(config.model.cell)}" for command in commands]


def _load(model: Path, options: AnswerConfig) -> Pipeline:
    from throughtime.seq2seq.pipeline import load_pipeline

    return load_pipeline([model, *options.members.ensemble], options.search, options.members.weights)


def _evaluate(model: Path, options: AnswerConfig, asked: EvaluateConfig) -> Scored:
    from throughtime.seq2seq.data.prepare import read_test
    from throughtime.seq2seq.evaluate import evaluate, write_translations
    from throughtime.seq2seq.pipeline import load_pipeline
    from throughtime.seq2seq.show import Scored, votes_table

    search, weights, test = options.search, options.members.weights, asked.test
    if search.n_best > 1:
        raise InputError(f"n_best is {search.n_best}, but the best translation alone is scored; expected 1")
    if test.output is not None and not test.output.absolute().parent.is_dir():
        raise InputError(f"{test.output} cannot be written: No such file or directory")
    pairs = read_test(test.corpus, test.columns)
    models = [model, *options.members.ensemble]
    pipeline = load_pipeline(models, search, weights, counting=True)
    evaluation = evaluate(pipeline, pairs, test.language)
    warn_unmet(pipeline.unmet)
    if test.output is not None:
        write_translations(test.output, evaluation.translations)
    counted = ", with the counting of votes" if evaluation.votes else ""
    return Scored(
        evaluation,
        " and ".join(test.corpus) or "phrasebook",
        tables=[votes_table(models, weights, evaluation.votes)] if evaluation.votes else [],
        notes=[f"{len(pairs):,} sentences in {evaluation.seconds:.1f} s{counted}"],
        about={"models": list(map(str, models)), "weights": weights, "search": asdict(search)},
    )


@dataclass(frozen=True)
class Translations:
    """The translations of one line, the best first."""

    candidates: Sequence[Candidate]

    def __str__(self) -> str:
        return self.candidates[0].text

    def to_json(self) -> list[dict[str, Any]]:
        """Return text, score and log-probability of each."""
        names = ("text", "score", "log_probability")
        return [{name: getattr(candidate, name) for name in names} for candidate in self.candidates]


def _answer(pipeline: Pipeline, lines: Sequence[str]) -> list[Translations]:
    return [Translations(candidates) for candidates in pipeline.lines(lines)]


def _run(
    pipeline: Pipeline, options: AnswerConfig, asked: RunConfig, blocks: Iterable[Sequence[str]]
) -> Iterator[Sequence[str]]:
    from throughtime.seq2seq.formats import writer_of
    from throughtime.seq2seq.translate import prefixes_of, translate

    prefixes = prefixes_of(asked.output.prefix, asked.output.prefixes)
    write = writer_of(asked.output.format, pipeline, options.search.n_best)
    yield from translate(pipeline, map(list, blocks), write, prefixes)
    warn_unmet(pipeline.unmet)


def warn_unmet(count: int) -> None:
    """Print how many translations are without what --must asks for."""
    if count:
        print(f"{count:,} without what --must asks for: the search found none with it", file=sys.stderr)


def _preset(command: str, name: str | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """Without a name: the phrasebook's where there is no corpus, multi30k's for `reproduce` with one."""
    if name is None and not given.get("corpus"):
        name = "phrasebook"
    elif name is None and command == "reproduce":
        name = "multi30k"
    return {**PRESETS.get(name or "", {}), **(PLAIN_FORM if command == "reproduce" else {})}


APPLICATION = Application(
    name="seq2seq",
    config=TrainConfig,
    run_name=lambda config: default_folder(config.data.corpus).name,
    prepare=_prepare,
    reopen=_reopen,
    task=_task,
    announce=_announce,
    describe=_describe,
    memory=_memory,
    initialise=_initialise,
    resumed=_resumed,
    test=_test,
    files=(TEST,),
    next_commands=_next_commands,
    options=AnswerConfig,
    load=_load,
    default_model=PHRASEBOOK_MODEL,
    test_options=EvaluateConfig,
    evaluate=_evaluate,
    answer=_answer,
    run_options=RunConfig,
    run=_run,
    route=("translate", "translations"),
    presets=tuple(PRESETS),
    preset=_preset,
    common=(
        *("corpus", "validation", "test", "max_minutes", "cell", "attention"),
        *("encoder_size", "decoder_size", "src_vocab_size", "tokenizer"),
    ),
    help={
        "train": "Train a translator; on the built-in phrasebook where no corpus is given.",
        "evaluate": "Translate a test set and score it: BLEU and chrF, with signatures and 95% intervals.",
        "run": "Translate a sentence, a file, or standard input as its lines come.\n\n"
        "Each line gives one line; with --n-best over 1, text and moses give up to that many, jsonl one "
        "object. A blank line gives an empty translation.",
        "serve": "Serve a translator over HTTP until Ctrl-C; concurrent requests are batched.\n\n"
        'POST /translate takes {"text": a line, or a list of lines} and gives the translations of each.',
    },
    examples={
        "train": "throughtime seq2seq train --corpus train.en train.fr --validation val.en val.fr",
        "resume": "throughtime seq2seq resume runs/train --max-minutes 70",
        "evaluate": "throughtime seq2seq evaluate runs/train/best.safetensors --corpus test.en test.fr",
        "run": 'throughtime seq2seq run runs/train/best.safetensors "A man is riding a bicycle."',
        "serve": "throughtime seq2seq serve runs/train/best.safetensors --port 8000",
    },
    commands={
        "reproduce": Command(
            "throughtime.seq2seq.commands:reproduce",
            "Do a paper again: train its models, and print its tables beside the results.",
        ),
        "rescore": Command(
            "throughtime.seq2seq.commands:rescore", "Rerank an n-best list by its scores and a model's."
        ),
        "chat": Command(
            "throughtime.seq2seq.commands:chat", "Talk with a model trained on questions and answers."
        ),
        "lexicon": Command(
            "throughtime.seq2seq.commands:lexicon",
            "Learn which target tokens a model's source tokens become, for --shortlist.",
        ),
    },
)
