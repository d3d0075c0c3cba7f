"""`throughtime seq2seq`: commands made from the configurations.

Each imports what it needs when it runs, so that --help and mistyped options are answered without torch.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.argument import ArgumentCollection
from cyclopts.config import Dict

from throughtime.errors import InputError
from throughtime.files.lines import read_lines, require_one
from throughtime.seq2seq.config import (
    FORGET,
    ChatConfig,
    DataConfig,
    EnsembleConfig,
    Format,
    ModelConfig,
    SearchConfig,
    TrainConfig,
    TrainingConfig,
)
from throughtime.seq2seq.folder import PHRASEBOOK_MODEL, default_folder
from throughtime.seq2seq.presets import PLAIN_FORM, PRESETS, PresetName


def fill_from_preset(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Gives options that were not typed the values of the preset.

    Without --preset it is the phrasebook's where there is no corpus, and multi30k's for `reproduce` with one.
    """
    typed = {name: argument.tokens for argument in arguments for name in argument.names}
    if "--preset" not in typed:
        return
    preset = typed["--preset"][0].value if typed["--preset"] else None if typed["--corpus"] else "phrasebook"
    if preset is None and commands[-1] == "reproduce":
        preset = "multi30k"
    chosen = {**PRESETS.get(preset or "", {}), **(PLAIN_FORM if commands[-1] == "reproduce" else {})}
    values = {name.replace("_", "-"): value for name, value in chosen.items()}
    Dict(values, source=f"preset {preset}", use_commands_as_keys=False)(app, commands, arguments)


app = App(
    name="seq2seq",
    default_parameter=Parameter(consume_multiple=True, negative_iterable=()),
    config=fill_from_preset,
)
Model = Annotated[Path, Parameter(help="A model file.")]
Search = Annotated[SearchConfig, Parameter(name="*", group="Search")]
Members = Annotated[EnsembleConfig, Parameter(name="*", group="Ensemble")]


@app.command
def train(
    *,
    folder: Path | None = None,
    overwrite: bool = False,
    preset: PresetName | None = None,
    data: Annotated[DataConfig, Parameter(name="*", group="Corpus")] = DataConfig(),  # noqa: B008
    model: Annotated[ModelConfig, Parameter(name="*", group="Network")] = ModelConfig(),  # noqa: B008
    training: Annotated[TrainingConfig, Parameter(name="*", group="Training")] = TrainingConfig(),  # noqa: B008
) -> None:
    """Train a translator; on the built-in phrasebook where no corpus is given.

    Parameters
    ----------
    folder
        Where the run keeps model, checkpoint, metrics and report; by default runs/ and the corpus's name.
    overwrite
        Begin anew in a folder that holds a run.
    preset
        Settings that belong together, in place of the defaults shown below; phrasebook is what runs where no
        corpus is given, multi30k the plain form of 2014 for a small corpus, paper that form at the size and
        by the rules of 2014.
    """
    from rich.console import Console

    from throughtime.seq2seq.train import train_run

    train_run(TrainConfig(data, model, training), folder or default_folder(data.corpus), overwrite, Console())


app.command(
    "throughtime.cli.reproduce:reproduce",
    name="reproduce",
    help="Do a paper again: train its models, and print its tables beside what they show.",
)


@app.command
def rescore(
    model: Model,
    n_best: Path,
    *,
    sources: Path,
    weight: float = 0.5,
    output: Path | None = None,
    members: Members = EnsembleConfig(),  # noqa: B008
) -> None:
    """Put a list of translations, of any system, into the order of its scores and of a model's.

    Each text's score becomes (1 - weight) * score + weight * log P(text | source).

    Parameters
    ----------
    n_best
        The list, as Moses writes it: number of the sentence, from 0, text, features, score, between bars.
    sources
        The text file that was translated, .gz allowed.
    weight
        Of the model; 0.5 is the even average of 2014, 1 the model alone.
    output
        File for the list in its new order; without it, it is printed.
    """
    from throughtime.cli.models import present
    from throughtime.seq2seq.evaluate import write_translations
    from throughtime.seq2seq.measure.likelihood import load_judge
    from throughtime.seq2seq.measure.n_best import n_best_lines, read_n_best, rescored

    if not 0 <= weight <= 1:
        raise InputError(f"weight is {weight}; expected 0 to 1")
    lines = list(read_lines(sources))
    lists = read_n_best(n_best, len(lines))
    judge = load_judge([present(model), *members.ensemble], members.weights)
    ordered = n_best_lines(rescored(lists, lines, judge, weight))
    if output is None:
        _print_utf8()
        print("\n".join(ordered))
    else:
        write_translations(output, ordered)


@app.command
def resume(
    folder: Path,
    *,
    max_epochs: float | None = None,
    max_minutes: float | None = None,
    patience: int | None = None,
) -> None:
    """Continue a run that was stopped, or that ended too soon, with its own settings.

    Parameters
    ----------
    folder
        The folder of the run.
    max_epochs
        New limit of passes over the training data, those done included.
    max_minutes
        New limit of minutes of training, those spent included; 0 sets no limit.
    patience
        New number of validations without improvement after which the run ends; 0 never ends it early.
    """
    from rich.console import Console

    from throughtime.seq2seq.train import resume_run

    given = {"max_epochs": max_epochs, "max_minutes": max_minutes, "patience": patience}
    budget = {name: value for name, value in given.items() if value is not None}
    resume_run(folder, Console(), budget)


@app.command(name="evaluate")
def evaluate_command(
    model: Model = PHRASEBOOK_MODEL,
    *,
    corpus: tuple[str, ...] = (),
    columns: tuple[str, str] | None = None,
    language: str | None = None,
    output: Path | None = None,
    report: Path | None = None,
    members: Members = EnsembleConfig(),  # noqa: B008
    search: Search = SearchConfig(),  # noqa: B008
) -> None:
    """Translate a test set and score it: BLEU and chrF, with signatures and 95% intervals.

    Parameters
    ----------
    corpus
        The test set, in the forms that `train` reads; the phrasebook's own test where none is given.
    columns
        Names, or in a .tsv numbers from 0, of the source and the target column.
    language
        Two-letter code of the target language, for the tokenised score; by default the model's.
    output
        File for the translations, one a line.
    report
        File for the scores as JSON.
    """
    from rich.console import Console

    from throughtime.artefact.report import write_report
    from throughtime.cli.models import present
    from throughtime.seq2seq.data.prepare import read_test
    from throughtime.seq2seq.evaluate import evaluate, write_translations
    from throughtime.seq2seq.pipeline import load_pipeline
    from throughtime.seq2seq.show import show_scores, votes_table

    if search.n_best > 1:
        raise InputError(f"n_best is {search.n_best}, but the best translation alone is scored; expected 1")
    pairs = read_test(corpus, columns)
    models = [present(model), *members.ensemble]
    pipeline = load_pipeline(models, search, members.weights, counting=True)
    evaluation = evaluate(pipeline, pairs, language)
    show_scores(Console(), evaluation.scores, " and ".join(corpus) or "phrasebook")
    if evaluation.votes:
        Console().print(votes_table(models, members.weights, evaluation.votes))
    counted = ", with the counting of votes" if evaluation.votes else ""
    print(f"{len(pairs):,} sentences in {evaluation.seconds:.1f} s{counted}")
    _tell_unmet(pipeline.unmet)
    if output is not None:
        write_translations(output, evaluation.translations)
    if report is not None:
        used = {"models": list(map(str, models)), "weights": members.weights, "search": asdict(search)}
        write_report(report, used | evaluation.to_dict())


@app.command
def run(
    model: Model = PHRASEBOOK_MODEL,
    text: str | None = None,
    *,
    file: Path | None = None,
    format: Format = "text",
    prefix: str | None = None,
    prefixes: Path | None = None,
    members: Members = EnsembleConfig(),  # noqa: B008
    search: Search = SearchConfig(),  # noqa: B008
) -> None:
    """Translate a sentence, a file, or standard input as its lines come.

    Each line gives one line; with --n-best over 1 text and moses give up to so many, jsonl one object. A
    blank line gives an empty translation.

    Parameters
    ----------
    text
        What to translate; without it and without --file standard input is read.
    file
        A text file to translate, .gz allowed.
    format
        text, with --n-best over 1 behind rank and score; moses, an n-best list with log-probabilities and
        which words belong together; jsonl, an object a line with tokens and where the model looked, too.
    prefix
        What every translation begins with, in whole words.
    prefixes
        A text file, .gz allowed, with what the translation of each line begins with.
    """
    from throughtime.cli.models import pipeline_of
    from throughtime.seq2seq.formats import writer_of
    from throughtime.seq2seq.translate import blocks_of, prefixes_of, translate

    require_one(text, file, "translated")
    told = prefixes_of(prefix, prefixes)
    pipeline = pipeline_of(model, members, search)
    _print_utf8()
    if text is None and file is None and sys.stdin.isatty():
        print("One sentence a line; Ctrl-D ends.", file=sys.stderr)
    write = writer_of(format, pipeline, search.n_best)
    for block in translate(pipeline, blocks_of(text, file), write, told):
        print("\n".join(block), flush=True)
    _tell_unmet(pipeline.unmet)


@app.command
def chat(
    model: Model = PHRASEBOOK_MODEL,
    *,
    talk: Annotated[ChatConfig, Parameter(name="*", group="Conversation")] = ChatConfig(),  # noqa: B008
    members: Members = EnsembleConfig(),  # noqa: B008
    search: Search = SearchConfig(),  # noqa: B008
) -> None:
    """Talk with a model that was trained on questions and answers, line by line, until Ctrl-D."""
    from throughtime.cli.models import pipeline_of
    from throughtime.seq2seq.chat import Conversation, converse
    from throughtime.seq2seq.translate import blocks_of

    pipeline = pipeline_of(model, members, search)
    _print_utf8()
    if sys.stdin.isatty():
        print(f"One line at a time; {FORGET} begins anew, Ctrl-D ends.", file=sys.stderr)
    lines = chain.from_iterable(blocks_of(None, None))
    converse(Conversation(pipeline, talk), lines, lambda answer: print(answer, flush=True))
    _tell_unmet(pipeline.unmet)


app.command("throughtime.cli.serve:serve", name="serve", help="Serve a model over HTTP, with an API of JSON.")


@app.command
def lexicon(
    model: Model,
    output: Path,
    *,
    corpus: tuple[str, ...],
    columns: tuple[str, str] | None = None,
    best: int = 100,
) -> None:
    """Learn which target tokens a model's source tokens become, for --shortlist.

    Parameters
    ----------
    output
        The file to write: source token, target token and probability, tab-separated.
    corpus
        Pairs to learn from, in the forms that `train` reads.
    columns
        Names, or in a .tsv numbers from 0, of the source and the target column.
    best
        So many likeliest target tokens of each source token are kept.
    """
    from throughtime.cli.models import present
    from throughtime.files.pairs import read_pairs
    from throughtime.seq2seq.learn_lexicon import lexicon_of
    from throughtime.seq2seq.lexicon import write_lexicon
    from throughtime.seq2seq.model_file import load_model

    trained = load_model(present(model))
    both = trained.tokenizers
    found = lexicon_of(read_pairs(corpus, columns), both, trained.data, best)
    write_lexicon(output, found, both.src, both.tgt)
    print(f"{output}: {sum(map(len, found.values())):,} pairs; --shortlist {output} takes it")


def _print_utf8() -> None:
    """Has translations printed as the text that they come from is read."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")


def _tell_unmet(count: int) -> None:
    if count:
        print(f"{count:,} without what --must asks for: the search found none with it", file=sys.stderr)
