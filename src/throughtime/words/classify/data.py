"""Labelled texts of a run: read once, kept in its folder, and split for learning and testing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from throughtime.artefact.file import written_whole
from throughtime.artefact.report import write_report
from throughtime.corpora import documentation
from throughtime.files.documents import Document, ReadingConfig, read_documents
from throughtime.files.reading import ReadingReport
from throughtime.text.cleaning import Cleaner, CleaningConfig
from throughtime.words.classify.config import TextsConfig, TrainConfig
from throughtime.words.classify.labelled import Labelled, folds, held_out, labelled, require_texts
from throughtime.words.embed.vectors import WordVectors

FEWEST = 3
"""Distinct texts that each label needs: to learn from, to stop by, and to test on."""

CORPUS, TEST, ABOUT = "corpus.jsonl", "test.jsonl", "about.json"


@dataclass(frozen=True)
class Read:
    """Labelled texts, notes on reading them, and where they come from."""

    texts: Labelled
    notes: list[str]
    about: dict[str, Any]


@dataclass(frozen=True)
class Prepared:
    """What a run learns from and is tested on.

    test: texts that are given to test on; None where they are part of the corpus. vector_size: width of the
    given word vectors.
    """

    corpus: Labelled
    test: Labelled | None
    notes: Sequence[str]
    about: dict[str, Any]
    vector_size: int | None = None


@dataclass(frozen=True)
class Split:
    """Texts to learn from, and texts to test on."""

    train: Labelled
    test: Labelled

    @property
    def shared(self) -> int:
        """Number of test texts that are learned from too."""
        known = set(self.train.plain)
        return sum(text in known for text in self.test.plain)


def read(paths: Sequence[str], reading: ReadingConfig, names: Sequence[str] | None = None) -> Read:
    """Read labelled texts; raise InputError as `read_documents` and `labelled` do."""
    report = ReadingReport()
    texts = labelled(read_documents(paths, reading, report), names)
    return Read(texts, [report.summary(), *report.notes, *report.first_bad], {"files": list(paths)})


def prepare(config: TrainConfig, folder: Path) -> Prepared:
    """Read the texts and keep them in `folder`; raise InputError for texts that cannot be used."""
    corpus = _read_corpus(config.texts, config.reading)
    test = read(config.texts.test, config.reading, corpus.texts.names) if config.texts.test else None
    least = 2 if test is not None else max(config.texts.folds, FEWEST)
    require_texts(corpus.texts, least)
    notes = [*corpus.notes, *(test.notes if test else ()), *_notes(config, corpus.texts, test)]
    vectors = _given_vectors(config)
    if vectors is not None:
        notes.append(_coverage(corpus.texts, config.cleaning, vectors))
    size = None if vectors is None else vectors.size
    prepared = Prepared(corpus.texts, test.texts if test else None, notes, corpus.about, size)
    _keep(prepared, folder)
    return prepared


def reopen(folder: Path) -> Prepared:
    """Return what `prepare` kept in `folder`."""
    about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    corpus = labelled(_documents(folder / CORPUS))
    kept = folder / TEST
    test = labelled(_documents(kept), corpus.names) if kept.exists() else None
    return Prepared(corpus, test, about["notes"], about["about"], about["vector_size"])


def is_prepared(folder: Path) -> bool:
    """Say whether `prepare` has kept its texts in `folder`."""
    return (folder / ABOUT).exists()


def split_of(config: TextsConfig, seed: int, prepared: Prepared) -> Split:
    """Return what the run of one method learns from and is tested on."""
    corpus = prepared.corpus
    if prepared.test is not None:
        return Split(corpus, prepared.test)
    if config.fold:
        train, test = list(folds(corpus, config.folds, seed))[config.fold - 1]
    elif config.test_share:
        train, test = held_out(corpus, config.test_share, seed)
    else:
        train, test = np.arange(len(corpus)), np.arange(0)
    return Split(corpus[train], corpus[test])


def write_documents(texts: Labelled, path: Path) -> None:
    """Write texts and labels, an object a line, as `read` reads them."""
    labels = (texts.names[label] for label in texts.labels)
    rows = ({"text": text, "label": label} for text, label in zip(texts.texts, labels, strict=True))
    with written_whole(path) as unfinished:
        unfinished.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def _documents(path: Path) -> Iterable[Document]:
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            row = json.loads(line)
            yield Document(row["text"], row["label"])


def _keep(prepared: Prepared, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ABOUT).unlink(missing_ok=True)
    write_documents(prepared.corpus, folder / CORPUS)
    if prepared.test is None:
        (folder / TEST).unlink(missing_ok=True)
    else:
        write_documents(prepared.test, folder / TEST)
    about = {"notes": prepared.notes, "about": prepared.about, "vector_size": prepared.vector_size}
    write_report(folder / ABOUT, about)


def _read_corpus(config: TextsConfig, reading: ReadingConfig) -> Read:
    """Read the corpus, or the built-in one."""
    if config.corpus:
        return read(config.corpus, reading)
    sources = documentation.find_sources()
    texts = labelled(documentation.labelled(sources, config.builtin_label))
    about = {"packages": dict(sources.versions)}
    return Read(texts, [f"documentation strings of {sources.summary()}"], about)


def _notes(config: TrainConfig, corpus: Labelled, test: Read | None) -> list[str]:
    labels = ", ".join(f"{name} {count:,}" for name, count in corpus.counts.items())
    again = len(corpus) - len(np.unique(corpus.groups))
    repeated = f"; {again:,} repeat another, and stay with it" if again else ""
    told = f"{len(corpus):,} texts ({labels}){repeated}; "
    if config.texts.folds:
        return [f"{told}{config.texts.folds} folds"]
    if test is not None:
        split = Split(corpus, test.texts)
    else:
        train, out = held_out(corpus, config.texts.test_share, config.training.seed)
        split = Split(corpus[train], corpus[out])
    sizes = f"learning from {len(split.train):,}, testing on {len(split.test):,}"
    if test is not None and split.shared:
        flattered = f"{split.shared:,} test texts are learned from too: scores are flattered"
        return [flattered, told + sizes]
    return [told + sizes]


def _given_vectors(config: TrainConfig) -> WordVectors | None:
    from throughtime.words.embed.exchange import read_vectors

    return None if config.methods.vectors is None else read_vectors(config.methods.vectors)


def _coverage(corpus: Labelled, cleaning: CleaningConfig, vectors: WordVectors) -> str:
    """How many words of the texts the given vectors know."""
    words = set(chain.from_iterable(map(Cleaner(cleaning).tokens, corpus.texts)))
    known = vectors.coverage(sorted(words))
    return f"{known.known:,} of {known.total:,} different words have a vector ({known.share:.0%})"
