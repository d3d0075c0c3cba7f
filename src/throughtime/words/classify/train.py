"""A whole classification: texts read, methods learned and compared, models and a report written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from throughtime.artefact.file import written_whole
from throughtime.artefact.report import write_report
from throughtime.console import say
from throughtime.corpora import documentation
from throughtime.errors import InputError
from throughtime.files.documents import ReadingConfig, read_documents
from throughtime.files.reading import ReadingReport
from throughtime.insight.charts import confusion
from throughtime.text.cleaning import Cleaner
from throughtime.words.classify.compare import (
    Compared,
    Split,
    compared,
    comparison_table,
    folded,
    in_order,
    verdict,
)
from throughtime.words.classify.config import REPORT, TEST, ClassifyConfig, TextsConfig, check_methods
from throughtime.words.classify.labelled import Labelled, held_out, labelled, require_texts
from throughtime.words.classify.methods import Surroundings, learn
from throughtime.words.embed.vectors import WordVectors

FEWEST = 3
"""Different texts that each label must have: to learn from, to stop by, and to judge by."""

WITHOUT_VECTORS = ("bag", "tfidf")


@dataclass(frozen=True)
class Read:
    """Texts, what there is to say of their reading, and where they come from."""

    texts: Labelled
    notes: list[str]
    about: dict[str, Any]


def read(paths: Sequence[str], reading: ReadingConfig, names: Sequence[str] | None = None) -> Read:
    """Read labelled texts; raises InputError as `read_documents` and `labelled` do."""
    report = ReadingReport()
    found = labelled(read_documents(paths, reading, report), names)
    return Read(found, [report.summary(), *report.notes, *report.first_bad], {"files": list(paths)})


def read_corpus(config: TextsConfig, reading: ReadingConfig) -> Read:
    """Read the corpus, or the built-in one."""
    if config.corpus:
        return read(config.corpus, reading)
    sources = documentation.find_sources()
    found = labelled(documentation.labelled(sources, config.builtin_label))
    about = {"packages": dict(sources.versions)}
    return Read(found, [f"documentation strings of {sources.summary()}"], about)


def write_documents(texts: Labelled, path: Path) -> None:
    """Write texts and labels, an object a line, as `read` reads them."""
    labels = (texts.names[label] for label in texts.labels)
    rows = ({"text": text, "label": label} for text, label in zip(texts.texts, labels, strict=True))
    with written_whole(path) as unfinished:
        unfinished.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def train_all(
    methods: Sequence[str],
    texts: TextsConfig,
    reading: ReadingConfig,
    config: ClassifyConfig,
    around: Surroundings,
) -> list[Compared]:
    """Learn by each method, judge all on the same texts, and write a model file for each and a report.

    With folds the models in the files have learned from all texts. Raises InputError for methods and texts
    that cannot be used; what was learned until then is kept and shown.
    """
    _check(methods, config, around.vectors)
    corpus = read_corpus(texts, reading)
    splits, notes = _splits(corpus, texts, reading, config.training.seed)
    notes += [_told(corpus.texts, splits), *_coverage(corpus.texts, config, around.vectors)]
    for line in notes:
        say(around.console, line)
    around.folder.mkdir(parents=True, exist_ok=True)
    if not texts.folds and not texts.test:
        write_documents(splits[0].test, around.folder / TEST)
    found = list[Compared]()
    try:
        for method in methods:
            found.append(_kept(method, config, splits, corpus, around))
    finally:
        _show(found, (texts, reading, config), notes, around)
    return found


def _check(methods: Sequence[str], config: ClassifyConfig, vectors: WordVectors | None) -> None:
    check_methods(methods)
    if vectors is not None and all(method in WITHOUT_VECTORS for method in methods):
        raise InputError(f"vectors are given, but {' and '.join(methods)} have no use for them")
    if vectors is None and config.network.freeze and config.network.first_vectors == "chance":
        raise InputError("freeze would leave the word vectors as drawn; expected first_vectors word2vec")
    if vectors is not None and config.network.first_vectors == "chance":
        raise InputError("vectors are given, but first_vectors is chance; expected one of the two")


def _kept(
    method: str, config: ClassifyConfig, splits: Sequence[Split], corpus: Read, around: Surroundings
) -> Compared:
    """Learn and judge, and write the model and the picture of what was taken for what."""
    one, classifier = compared(method, config, splits, around)
    if len(splits) > 1:
        around.tell(method, f"learning from all {len(corpus.texts):,} texts")
        classifier = learn(method, config, corpus.texts, around)
    trained = {"training": classifier.about["training"]} if "training" in classifier.about else {}
    classifier.about = {
        **trained,
        "corpus": corpus.about,
        "labels": corpus.texts.counts,
        "learned_from": len(corpus.texts if len(splits) > 1 else splits[0].train),
        "settings": asdict(config),
    }
    classifier.save(around.folder / f"{method}.safetensors")
    confusion(around.folder / f"{method}-confusion", one.judgement.confusion, classifier.labels)
    return one


def _splits(
    corpus: Read, texts: TextsConfig, reading: ReadingConfig, seed: int
) -> tuple[Sequence[Split], list[str]]:
    """The splits, and what there is to say of the texts."""
    if texts.test:
        require_texts(corpus.texts, 2)
        test = read(texts.test, reading, corpus.texts.names)
        split, notes = Split(corpus.texts, test.texts), [*corpus.notes, *test.notes]
        if split.shared:
            notes.append(f"{split.shared:,} texts to judge by are to learn from too: scores are flattered")
        return [split], notes
    require_texts(corpus.texts, max(texts.folds, FEWEST))
    if texts.folds:
        return folded(corpus.texts, texts.folds, seed), corpus.notes
    train, test = held_out(corpus.texts, texts.test_share, seed)
    return [Split(corpus.texts[train], corpus.texts[test])], corpus.notes


def _told(corpus: Labelled, splits: Sequence[Split]) -> str:
    labels = ", ".join(f"{name} {count:,}" for name, count in corpus.counts.items())
    again = len(corpus) - len(np.unique(corpus.groups))
    repeated = f"; {again:,} repeat another, and stay with it" if again else ""
    sizes = (
        f"{len(splits)} folds"
        if len(splits) > 1
        else f"learning from {len(splits[0].train):,}, judging by {len(splits[0].test):,}"
    )
    return f"{len(corpus):,} texts ({labels}){repeated}; {sizes}"


def _coverage(corpus: Labelled, config: ClassifyConfig, vectors: WordVectors | None) -> list[str]:
    """How many words of the texts the given vectors know."""
    if vectors is None:
        return []
    words = set(chain.from_iterable(map(Cleaner(config.cleaning).tokens, corpus.texts)))
    known = vectors.coverage(sorted(words))
    return [f"{known.known:,} of {known.total:,} different words have a vector ({known.share:.0%})"]


def _show(
    found: Sequence[Compared], settings: Sequence[Any], notes: Sequence[str], around: Surroundings
) -> None:
    """The table, the winner, and the report, of the methods that were judged."""
    if not found:
        return
    around.console.print(comparison_table(found, f"{found[0].judgement.texts:,} texts judged"))
    say(around.console, verdict(found))
    for one in found:
        if one.shortfall:
            say(around.console, f"{one.method} is not done: {one.shortfall}")
    names = ("texts", "reading", "classify")
    report = {
        "settings": {name: asdict(one) for name, one in zip(names, settings, strict=True)},
        "notes": notes,
        "methods": [one.to_dict() for one in in_order(found)],
        "verdict": verdict(found),
    }
    write_report(around.folder / REPORT, report)
