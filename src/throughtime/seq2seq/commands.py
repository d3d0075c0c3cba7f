"""Commands of sequence to sequence beyond the verbs of every application."""

from __future__ import annotations

import shlex
import sys
from itertools import chain
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from throughtime.application.models import present
from throughtime.console import print_utf8
from throughtime.errors import InputError
from throughtime.files.lines import read_lines
from throughtime.seq2seq.application import APPLICATION, PHRASEBOOK_MODEL, warn_unmet
from throughtime.seq2seq.config import (
    FORGET,
    ChatConfig,
    DataConfig,
    EnsembleConfig,
    ModelConfig,
    SearchConfig,
    TrainConfig,
    TrainingConfig,
)
from throughtime.seq2seq.presets import PresetName

Model = Annotated[Path, Parameter(help="A model file.")]
Search = Annotated[SearchConfig, Parameter(name="*", group="Search")]
Members = Annotated[EnsembleConfig, Parameter(name="*", group="Ensemble")]


def rescore(
    model: Model,
    n_best: Path,
    *,
    sources: Path,
    weight: float = 0.5,
    output: Path | None = None,
    members: Members = EnsembleConfig(),
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
    from throughtime.seq2seq.evaluate import write_translations
    from throughtime.seq2seq.measure.likelihood import load_judge
    from throughtime.seq2seq.measure.n_best import n_best_lines, read_n_best, rescored

    if not 0 <= weight <= 1:
        raise InputError(f"weight is {weight}; expected 0 to 1")
    lines = list(read_lines(sources))
    lists = read_n_best(n_best, len(lines))
    judge = load_judge([present(APPLICATION, model), *members.ensemble], members.weights)
    ordered = n_best_lines(rescored(lists, lines, judge, weight))
    if output is None:
        print_utf8()
        print("\n".join(ordered))
    else:
        write_translations(output, ordered)


def chat(
    model: Model = PHRASEBOOK_MODEL,
    *,
    talk: Annotated[ChatConfig, Parameter(name="*", group="Conversation")] = ChatConfig(),
    members: Members = EnsembleConfig(),
    search: Search = SearchConfig(),
) -> None:
    """Talk with a model that was trained on questions and answers, line by line, until Ctrl-D."""
    from throughtime.files.lines import given_lines
    from throughtime.seq2seq.chat import Conversation, converse
    from throughtime.seq2seq.pipeline import load_pipeline

    models = [present(APPLICATION, model), *members.ensemble]
    pipeline = load_pipeline(models, search, members.weights)
    print_utf8()
    if sys.stdin.isatty():
        print(f"One line at a time; {FORGET} begins anew, Ctrl-D ends.", file=sys.stderr)
    lines = chain.from_iterable(given_lines(None, None))
    converse(Conversation(pipeline, talk), lines, lambda answer: print(answer, flush=True))
    warn_unmet(pipeline.unmet)


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
    from throughtime.files.pairs import read_pairs
    from throughtime.seq2seq.learn_lexicon import lexicon_of
    from throughtime.seq2seq.model_file import load_model
    from throughtime.text.lexicon import write_lexicon

    trained = load_model(present(APPLICATION, model))
    both = trained.tokenizers
    found = lexicon_of(read_pairs(corpus, columns), both, trained.data, best)
    write_lexicon(output, found, both.src, both.tgt)
    print(f"{output}: {sum(map(len, found.values())):,} pairs; --shortlist {output} takes it")


def reproduce(
    paper: Literal["sutskever2014"] = "sutskever2014",
    *,
    folder: Path = Path("runs/sutskever2014"),
    preset: PresetName | None = None,
    n_best: Path | None = None,
    data: Annotated[DataConfig, Parameter(name="*", group="Corpus")] = DataConfig(),
    model: Annotated[ModelConfig, Parameter(name="*", group="Network")] = ModelConfig(),
    training: Annotated[TrainingConfig, Parameter(name="*", group="Training")] = TrainingConfig(),
) -> None:
    """Do a paper again: train its models, and print its tables beside what they show.

    One model that reads forwards and five that read backwards are trained, one after the other, and each is
    left alone once it is done: the same command goes on where it was stopped.

    Parameters
    ----------
    paper
        sutskever2014: Sequence to sequence learning with neural networks (Sutskever, Vinyals and Le 2014).
    folder
        Where the models, the pictures and the report go.
    preset
        Settings that stand in place of the defaults shown below: multi30k for a small corpus, taken where one
        is given; paper for the size and the rules of 2014; phrasebook for the built-in corpus.
    n_best
        A list of translations of the test, as Moses writes it, to be rescored; else the forward model's own.
    """
    from rich.console import Console

    from throughtime.seq2seq.reproduce import sutskever2014

    papers = {"sutskever2014": sutskever2014.reproduce}
    run_again = shlex.join(["throughtime", *sys.argv[1:]])
    papers[paper](TrainConfig(data, model, training), folder, n_best, run_again, Console())
