"""Word vectors as an application."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from throughtime.application.application import Application, Command
from throughtime.application.folder import BEST, run_folder
from throughtime.words.embed.config import AnswerConfig, EvaluateConfig, TrainConfig

if TYPE_CHECKING:
    from rich.console import Console

    from throughtime.files.reading import ReadingReport
    from throughtime.words.embed.corpus import Corpus
    from throughtime.words.embed.show import Judged, Neighbours
    from throughtime.words.embed.vectors import WordVectors

SHOWN = ("array", "gradient", "random", "matrix")
"""Words whose neighbours are shown at the end, where they are known."""


def default_folder(corpus: Sequence[str]) -> Path:
    """Return runs/ and the name of the corpus, or docstrings, with -vectors."""
    folder = run_folder(corpus, "docstrings")
    return folder.with_name(f"{folder.name}-vectors")


DOCSTRINGS = default_folder(()) / BEST


@dataclass(frozen=True)
class Sentences:
    """What vectors are learned from: notes on it, and where it comes from."""

    corpus: Corpus
    notes: Sequence[str]
    about: dict[str, Any]
    report: ReadingReport


def _prepare(config: TrainConfig, folder: Path, resumed: bool) -> Sentences:
    from throughtime.corpora.documentation import find_sources
    from throughtime.files.reading import ReadingReport
    from throughtime.text.cleaning import Cleaner
    from throughtime.words.embed.corpus import corpus_of_files, corpus_of_packages

    cleaner, report, paths = Cleaner(config.cleaning), ReadingReport(), config.source.corpus
    if paths:
        corpus = corpus_of_files(paths, cleaner, config.reading, report)
        return Sentences(corpus, (), {"files": list(paths)}, report)
    sources = find_sources()
    notes = [f"documentation strings of {sources.summary()}"]
    about = {"packages": dict(sources.versions)}
    return Sentences(corpus_of_packages(sources, cleaner), notes, about, report)


class VectorsEstimator:
    """Word vectors, to be learned from sentences."""

    def __init__(self, config: TrainConfig, sentences: Sentences) -> None:
        self.config, self.sentences = config, sentences
        self.vectors: WordVectors | None = None

    def fit(self, console: Console) -> None:
        """Learn the vectors; print what was read."""
        from throughtime.console import say
        from throughtime.words.embed.progress import shown
        from throughtime.words.embed.train import train

        start = time.monotonic()
        with shown(console) as watch:
            self.vectors = train(self.sentences.corpus, self.config.embed, watch, self.sentences.about)
        report = self.sentences.report
        for line in (report.summary(), *report.notes, *report.first_bad) if self.config.source.corpus else ():
            say(console, line)
        words = self.vectors.about["corpus"]["words"]
        counts = f"{len(self.vectors):,} have vectors of {self.vectors.size}"
        say(console, f"{words:,} words in {time.monotonic() - start:.0f} s; {counts}")

    def save_model(self, path: Path) -> None:
        """Write the model file."""
        from throughtime.words.embed.exchange import save_vectors

        assert self.vectors is not None, "they have not been learned yet"
        save_vectors(self.vectors, path)


def _test(config: TrainConfig, sentences: Sentences, folder: Path, model: Path) -> Neighbours:
    from throughtime.words.embed.exchange import load_vectors
    from throughtime.words.embed.show import Neighbours

    vectors = load_vectors(model)
    return Neighbours(vectors, _shown(vectors), 8)


def _shown(vectors: WordVectors) -> list[str]:
    return [word for word in SHOWN if word in vectors] or list(vectors.words[:3])


def _next_commands(config: TrainConfig, folder: Path, model: Path) -> list[str]:
    from throughtime.words.embed.exchange import load_vectors

    path, word = shlex.quote(str(model)), shlex.quote(_shown(load_vectors(model))[0])
    return [
        f"throughtime words embed nearest {path} {word}",
        f"throughtime words embed evaluate {path}",
        f"throughtime words embed map {path} --picture {shlex.quote(str(folder / 'map'))}",
    ]


@dataclass(frozen=True)
class Model:
    """Word vectors, and the number of neighbours to find."""

    vectors: WordVectors
    count: int


def _load(model: Path, options: AnswerConfig) -> Model:
    from throughtime.words.embed.exchange import read_vectors

    return Model(read_vectors(model), options.neighbours.count)


@dataclass(frozen=True)
class Nearest:
    """A word's neighbours with their cosines."""

    word: str
    neighbours: Sequence[tuple[str, float]]

    def __str__(self) -> str:
        return "\t".join([self.word, *(f"{word} {cosine:.3f}" for word, cosine in self.neighbours)])

    def to_json(self) -> dict[str, Any]:
        """Return the word and its neighbours."""
        return {
            "word": self.word,
            "neighbours": [{"word": word, "cosine": cosine} for word, cosine in self.neighbours],
        }


def _answer(model: Model, words: Sequence[str]) -> list[Nearest]:
    return [Nearest(word, model.vectors.nearest(word.strip(), model.count)) for word in words]


def _evaluate(model: Path, options: AnswerConfig, asked: EvaluateConfig) -> Judged:
    from throughtime.words.embed.exchange import read_vectors
    from throughtime.words.embed.judge import SIMILARITIES, judge_analogies, judge_similarity, shipped
    from throughtime.words.embed.show import Judged

    vectors, test = read_vectors(model), asked.test
    analogies = judge_analogies(vectors, test.analogies, test.restrict)
    pairs = _named(test.similarities) or [(name, shipped(file)) for name, file in SIMILARITIES.items()]
    return Judged(analogies, [judge_similarity(vectors, path, name, test.restrict) for name, path in pairs])


def _named(paths: Sequence[Path]) -> list[tuple[str, Path]]:
    """Files with their names: without folder and ending where that tells them apart."""
    stems = [path.stem for path in paths]
    return [(path.stem if stems.count(path.stem) == 1 else str(path), path) for path in paths]


APPLICATION = Application(
    name="words embed",
    config=TrainConfig,
    run_name=lambda config: default_folder(config.source.corpus).name,
    prepare=_prepare,
    announce=lambda config, sentences: sentences.notes,
    task=VectorsEstimator,
    test=_test,
    next_commands=_next_commands,
    options=AnswerConfig,
    load=_load,
    default_model=DOCSTRINGS,
    test_options=EvaluateConfig,
    evaluate=_evaluate,
    answer=_answer,
    route=("nearest", "nearest"),
    common=("corpus", "algorithm", "size", "window", "min_count", "epochs", "subwords", "phrases", "threads"),
    help={
        "train": "Learn word vectors by word2vec, or with --subwords by fastText.",
        "resume": "Learn vectors again whose training was stopped, with the same settings.",
        "evaluate": "Test vectors on analogies and on human judgements of similarity, with coverage and 95% "
        "intervals.",
        "run": "Print the nearest words of a word, of each line of a file, or of standard input.",
        "serve": "Serve vectors over HTTP until Ctrl-C.\n\n"
        'POST /nearest takes {"text": a word, or a list of words} and gives the nearest words of each.',
    },
    examples={
        "train": "throughtime words embed train --corpus articles/ --subwords",
        "evaluate": "throughtime words embed evaluate runs/docstrings-vectors/best.safetensors",
        "run": "throughtime words embed run runs/docstrings-vectors/best.safetensors gradient",
        "serve": "throughtime words embed serve runs/docstrings-vectors/best.safetensors",
    },
    commands={
        "nearest": Command(
            "throughtime.words.embed.commands:nearest", "Show the nearest words of each word in a table."
        ),
        "analogy": Command("throughtime.words.embed.commands:analogy", "Find what is to c as b is to a."),
        "odd": Command(
            "throughtime.words.embed.commands:odd", "Find the word that goes least with the others."
        ),
        "map": Command("throughtime.words.embed.commands:map_words", "Draw a map of words."),
        "export": Command("throughtime.words.embed.commands:export", "Write vectors in another format."),
    },
)
