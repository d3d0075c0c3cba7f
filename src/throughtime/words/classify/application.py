"""Text classification as an application: methods compared on the same texts."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from throughtime.application.application import Application, Command, Member, NoOptions
from throughtime.application.folder import BEST, read_report, run_folder
from throughtime.errors import InputError
from throughtime.settings import to_json
from throughtime.words.classify.config import (
    KIND,
    LINEAR,
    EvaluateConfig,
    RunConfig,
    TrainConfig,
    check_methods,
    file_stem,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from throughtime.words.classify.compare import Comparison
    from throughtime.words.classify.data import Prepared, Split
    from throughtime.words.classify.methods import Classifier, LinearEstimator
    from throughtime.words.classify.show import Judged
    from throughtime.words.classify.task import ClassificationTask

TEST, CONFUSION = "test.jsonl", "confusion"


def _run_name(config: TrainConfig) -> str:
    return f"{run_folder(config.texts.corpus, 'docstrings').name}-classify"


def _prepare(config: TrainConfig, folder: Path, resumed: bool) -> Prepared:
    from throughtime.words.classify.data import is_prepared, prepare, reopen

    if resumed and is_prepared(folder):
        return reopen(folder)
    check_methods(config.methods.methods)
    return prepare(config, folder)


def _reopen(config: TrainConfig, folder: Path) -> Prepared:
    from throughtime.words.classify.data import reopen

    return reopen(folder)


def _announce(config: TrainConfig, prepared: Prepared) -> Sequence[str]:
    return prepared.notes


def _members(config: TrainConfig, prepared: Prepared) -> Sequence[Member[TrainConfig]]:
    """One for each method and fold, and after the folds of a method one that learns from all texts."""
    methods, texts = config.methods.methods, config.texts
    if len(methods) == 1 and (texts.fold or not texts.folds):
        return ()
    return list(chain.from_iterable(_members_of(method, config) for method in methods))


def _members_of(method: str, config: TrainConfig) -> Iterator[Member[TrainConfig]]:
    texts, name = config.texts, file_stem(method)
    alone = replace(config, methods=replace(config.methods, methods=(method,)))
    if texts.fold or not texts.folds:
        yield Member(name, alone)
        return
    for fold in range(1, texts.folds + 1):
        yield Member(f"fold-{fold}/{name}", replace(alone, texts=replace(texts, fold=fold)))
    yield Member(name, replace(alone, texts=replace(texts, folds=0, test_share=0.0)))


def _split(config: TrainConfig, prepared: Prepared) -> Split:
    from throughtime.words.classify.data import split_of

    return split_of(config.texts, config.training.seed, prepared)


def _task(config: TrainConfig, prepared: Prepared) -> LinearEstimator | ClassificationTask:
    from throughtime.words.classify.methods import LinearEstimator, read_given, recurrent_task

    (method,), vectors = config.methods.methods, config.methods.vectors
    train = _split(config, prepared).train
    about = {
        "corpus": prepared.about,
        "labels": prepared.corpus.counts,
        "learned_from": len(train),
        "settings": to_json(config),
    }
    if method in LINEAR:
        return LinearEstimator(method, config.learning, train, read_given(vectors), about)
    return recurrent_task(method, config.learning, train, vectors, prepared.vector_size, about)


def _describe(
    config: TrainConfig, prepared: Prepared, task: LinearEstimator | ClassificationTask
) -> Iterator[str]:
    (method,), texts, total = config.methods.methods, config.texts, len(prepared.corpus)
    learned = len(task.train) + len(getattr(task, "validation", ()))
    fold = f"fold {texts.fold} of {texts.folds}, " if texts.fold else ""
    every = "all " if learned == total and prepared.test is None else ""
    yield f"{method}: {fold}learning from {every}{learned:,} texts"
    longer = getattr(task.train, "longer", 0)
    if longer:
        read = f"the first {config.network.max_words:,} words are read"
        yield f"of {longer:,} of {len(task.train):,} texts {read}"


def _initialise(config: TrainConfig, task: ClassificationTask) -> Sequence[str]:
    task.initialise()
    return ()


def _test(config: TrainConfig, prepared: Prepared, folder: Path, model: Path) -> Judged | None:
    from throughtime.insight.charts import confusion
    from throughtime.words.classify.compare import floor_of
    from throughtime.words.classify.data import write_documents
    from throughtime.words.classify.measure import judge
    from throughtime.words.classify.methods import load_classifier
    from throughtime.words.classify.show import Judged

    split = _split(config, prepared)
    if not len(split.test):
        return None
    classifier = load_classifier(model)
    judged = judge(classifier.probabilities(split.test.texts), split.test.labels, classifier.labels)
    if prepared.test is None and not config.texts.folds:
        write_documents(split.test, folder / TEST)
    confusion(folder / CONFUSION, judged.confusion, classifier.labels)
    return Judged(judged, floor_of(split.train.labels, split.test.labels, classifier.labels))


def _compare(config: TrainConfig, prepared: Prepared, places: Mapping[str, Path]) -> Comparison:
    import numpy as np

    from throughtime.words.classify.compare import Comparison, compared, floor_of

    members = {member.name: member.config for member in _members(config, prepared) if member.name in places}
    names, folders, methods = prepared.corpus.names, dict[str, str](), list[Any]()
    truth = learned = np.zeros(0, np.int64)
    for method in config.methods.methods:
        own = {
            name: each
            for name, each in members.items()
            if each.methods.methods == (method,) and (each.texts.fold or not config.texts.folds)
        }
        if (len(own) < max(config.texts.folds, 1) and not config.texts.fold) or not own:
            continue  # it has not ended
        folders[method] = file_stem(method)
        splits = [_split(each, prepared) for each in own.values()]
        truth = np.concatenate([split.test.labels for split in splits])
        learned = np.concatenate([split.train.labels for split in splits])
        said = [_probabilities(places[name], split) for name, split in zip(own, splits, strict=True)]
        trainings = [(read_report(places[name]) or {})["training"] for name in own]
        methods.append(compared(method, np.concatenate(said), truth, names, trainings))
    return Comparison(methods, floor_of(learned, truth, names), folders)


def _probabilities(place: Path, split: Split) -> NDArray[Any]:
    from throughtime.words.classify.methods import load_classifier

    return load_classifier(place / BEST).probabilities(split.test.texts)


def _next_commands(config: TrainConfig, folder: Path, model: Path) -> list[str]:
    from throughtime.cells.user_modules import import_option

    path = shlex.quote(str(model))
    option = "".join(dict.fromkeys(map(import_option, config.methods.methods)))
    commands = [f'throughtime words classify run {path} "what to classify" --explain{option}']
    if (test := model.parent / TEST).exists():
        commands.append(
            f"throughtime words classify evaluate {path} --corpus {shlex.quote(str(test))}{option}"
        )
    return commands


def _load(model: Path, options: NoOptions) -> Classifier:
    from throughtime.words.classify.methods import load_classifier

    return load_classifier(model)


def _evaluate(model: Path, options: NoOptions, asked: EvaluateConfig) -> Judged:
    from throughtime.insight.charts import confusion
    from throughtime.words.classify.data import read
    from throughtime.words.classify.measure import judge
    from throughtime.words.classify.methods import load_classifier
    from throughtime.words.classify.show import Judged

    if not asked.test.corpus:
        raise InputError("no corpus is given; use --corpus with labelled texts to test on")
    classifier = load_classifier(model)
    test = read(asked.test.corpus, asked.reading, classifier.labels)
    judged = judge(classifier.probabilities(test.texts.texts), test.texts.labels, classifier.labels)
    notes = list(test.notes)
    if asked.test.picture is not None:
        drawn = confusion(asked.test.picture, judged.confusion, classifier.labels)
        notes.append(" ".join(map(str, drawn)))
    return Judged(judged, notes=notes, about={"corpus": asked.test.corpus})


@dataclass(frozen=True)
class Classified:
    """The label of a text, and the probabilities of all labels."""

    text: str
    label: str
    probabilities: Mapping[str, float]

    def __str__(self) -> str:
        shown = " ".join(self.text.splitlines())
        return f"{self.label}\t{self.probabilities[self.label]:.3f}\t{shown}"

    def to_json(self) -> dict[str, Any]:
        """Return the label, its probability, and those of all labels."""
        return {
            "label": self.label,
            "probability": self.probabilities[self.label],
            "probabilities": dict(self.probabilities),
        }


def _answer(classifier: Classifier, texts: Sequence[str]) -> list[Classified]:
    return [
        Classified(
            text,
            classifier.labels[int(row.argmax())],
            dict(zip(classifier.labels, row.tolist(), strict=True)),
        )
        for text, row in zip(texts, classifier.probabilities(texts), strict=True)
    ]


def _run(
    classifier: Classifier, options: NoOptions, asked: RunConfig, blocks: Iterable[Sequence[str]]
) -> Iterator[Sequence[str]]:
    output = asked.output
    for block in [["\n".join(chain.from_iterable(blocks))]] if output.whole else blocks:
        for answer in _answer(classifier, block):
            yield [str(answer)]
            if output.explain:
                _print_explanation(classifier, answer)


def _print_explanation(classifier: Classifier, answer: Classified) -> None:
    from rich.console import Console

    from throughtime.words.classify.explain import word_weights
    from throughtime.words.classify.show import explained

    label = classifier.labels.index(answer.label)
    Console().print(explained(word_weights(answer.text, label, classifier.probabilities)))


APPLICATION = Application(
    name=KIND,
    config=TrainConfig,
    run_name=_run_name,
    prepare=_prepare,
    reopen=_reopen,
    announce=_announce,
    members=_members,
    task=_task,
    describe=_describe,
    initialise=_initialise,
    test=_test,
    compare=_compare,
    files=(TEST, f"{CONFUSION}.png", f"{CONFUSION}.svg"),
    next_commands=_next_commands,
    options=NoOptions,
    load=_load,
    test_options=EvaluateConfig,
    evaluate=_evaluate,
    answer=_answer,
    run_options=RunConfig,
    run=_run,
    route=("classify", "classifications"),
    common=(
        *("corpus", "methods", "folds", "test", "label_column", "text_column"),
        *("vectors", "hidden_size", "max_epochs", "ngrams"),
    ),
    help={
        "train": "Learn to classify texts by several methods, and compare them in one table.",
        "evaluate": "Test a model on labelled texts: accuracy with its interval, and each label by itself.",
        "run": "Classify a text, a file, or standard input: label, probability and the line, by tabs.",
        "serve": "Serve a classifier over HTTP until Ctrl-C; concurrent requests are batched.\n\n"
        'POST /classify takes {"text": a text, or a list of texts} and gives the label of each.',
    },
    examples={
        "train": "throughtime words classify train --corpus reviews/ --folds 5",
        "resume": "throughtime words classify resume runs/reviews-classify",
        "evaluate": "throughtime words classify evaluate runs/reviews-classify/tfidf/best.safetensors "
        "--corpus test.jsonl",
        "run": "throughtime words classify run runs/reviews-classify/tfidf/best.safetensors "
        '"An outstanding film." --explain',
        "serve": "throughtime words classify serve runs/reviews-classify/tfidf/best.safetensors",
    },
    commands={
        "codewords": Command(
            "throughtime.words.classify.commands:codewords",
            "Show what each codeword of a codebook means, by its nearest words.",
        ),
    },
)
