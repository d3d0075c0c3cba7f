"""Claims: word2vec trains at 0.95 of gensim's own speed or more; memory grows with distinct words alone.

Speed: the same file of words, one sentence a line, through gensim called directly (by its path corpus_file,
the fastest it has, and by an iterable of lines, the usual one) and through throughtime, in turns, in one
process; medians. "whole" is the call from the file to the vectors, counting and copying included; "training"
is the passes over the words alone. Memory: the peak of a process of its own, by the number of words; what it
grows by is to be explained by the counts of more distinct words and the vectors of more frequent ones.

The words are made up unless --corpus names a file. Their frequencies fall as in text in two regimes (Ferrer i
Cancho and Sole 2001): 1/rank up to rank 2,000, and as rank^(-1/0.6) from there on without end, so that the
distinct ones among n words grow as n^0.6 (Heaps).

    python benchmarks/word2vec.py [--words 1000000] [--large 20000000] [--rounds 5] [--report word2vec.json]
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

import numpy as np
from cyclopts import App
from gensim.models import Word2Vec
from gensim.models.word2vec import LineSentence
from numpy.typing import NDArray

from throughtime.words.embed.config import EmbedConfig
from throughtime.words.embed.corpus import Moment
from throughtime.words.embed.train import train

ALLOWED_RATIO = 0.95
ALLOWED_MIB = 32  # of growth, from the small corpus to the large one, besides ...
BYTES_OF_COUNT = 256  # ... so many for each distinct word ...
BYTES_OF_VECTOR = 2 * 4 * EmbedConfig.size + 512  # ... and for each that has vectors and a place among words
COMMON = 2_000  # ranks of the first regime
HEAPS = 0.6
SENTENCE = 20  # words
EPOCHS = 5
SEED = 1

Algorithm = Literal["skip_gram", "cbow"]
ALGORITHMS: tuple[Algorithm, ...] = ("skip_gram", "cbow")

app = App(help=__doc__, help_format="plaintext")


@dataclass(frozen=True)
class Run:
    """One training: words a second of the whole call, and of the training in it."""

    whole: float
    training: float


@app.default
def compare(
    words: int = 1_000_000,
    large: int = 20_000_000,
    rounds: int = 5,
    corpus: Path | None = None,
    report: Path = Path("word2vec.json"),
) -> int:
    """Measure, print tables, write a JSON; 1 if a claim does not hold."""
    with tempfile.TemporaryDirectory() as folder:
        path = corpus or made_up(words, Path(folder))
        speed = {algorithm: _speed(path, algorithm, rounds) for algorithm in ALGORITHMS}
        memory = [_memory(number, Path(folder)) for number in (words, large)]
    _print_speed(speed)
    growth = memory[1]["peak_mib"] - memory[0]["peak_mib"]
    for one in memory:
        print(
            f"{one['words']:>12,} words, {one['distinct']:,} distinct, {one['vectors']:,} vectors: "
            f"peak {one['peak_mib']:,.0f} MiB, {one['seconds']:,.0f} s"
        )
    allowed = ALLOWED_MIB + _explained(memory[1]) - _explained(memory[0])
    print(f"growth: {growth:,.0f} MiB; allowed: {allowed:,.0f} MiB")
    report.write_text(
        json.dumps({"speed": speed, "memory": memory, "growth_mib": growth, "allowed_mib": allowed}, indent=2)
        + "\n"
    )
    slow = any(one["ratio_whole"] < ALLOWED_RATIO for one in speed.values())
    return int(slow or growth > allowed)


@app.command
def once(path: Path) -> None:
    """Train once on a file of words; print the most memory held, in MiB, and how many vectors, as JSON."""
    vectors = train(_lines(path), EmbedConfig(epochs=1))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # KiB on Linux
    print(json.dumps({"peak_mib": peak, "vectors": len(vectors)}))


def _speed(path: Path, algorithm: Algorithm, rounds: int) -> dict[str, Any]:
    ways: dict[str, Callable[[Path, Algorithm], Run]] = {
        "throughtime": _ours,
        "gensim, corpus_file": lambda path, algorithm: _gensim({"corpus_file": str(path)}, algorithm),
        "gensim, sentences": lambda path, algorithm: _gensim(
            {"sentences": LineSentence(str(path))}, algorithm
        ),
    }
    runs: dict[str, list[Run]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            runs[name].append(way(path, algorithm))
    medians = {
        name: {"whole": median(run.whole for run in made), "training": median(run.training for run in made)}
        for name, made in runs.items()
    }
    ours = medians["throughtime"]
    fastest = {
        part: max(one[part] for name, one in medians.items() if name != "throughtime") for part in ours
    }
    return {
        "words_per_second": medians,
        "ratio_whole": ours["whole"] / fastest["whole"],
        "ratio_training": ours["training"] / fastest["training"],
    }


def _ours(path: Path, algorithm: Algorithm) -> Run:
    moments: list[Moment] = []
    started = time.perf_counter()
    vectors = train(_lines(path), EmbedConfig(algorithm=algorithm, epochs=EPOCHS), moments.append)
    seconds = time.perf_counter() - started
    return Run(vectors.about["corpus"]["words"] * EPOCHS / seconds, moments[-1].words_per_second)


def _gensim(source: dict[str, Any], algorithm: Algorithm) -> Run:
    config = EmbedConfig(algorithm=algorithm)
    started = time.perf_counter()
    model = Word2Vec(
        **source,
        sg=int(algorithm == "skip_gram"),
        vector_size=config.size,
        window=config.window,
        negative=config.negatives,
        min_count=config.min_count,
        sample=config.subsample,
        alpha=config.learning_rate,
        epochs=EPOCHS,
        workers=os.cpu_count() or 1,
        seed=config.seed,
    )
    seconds = time.perf_counter() - started
    words = model.corpus_total_words * EPOCHS
    return Run(words / seconds, words / model.total_train_time)


def _lines(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8") as file:
        yield from map(str.split, file)


def _memory(words: int, folder: Path) -> dict[str, float]:
    """A training as a process of its own."""
    path = made_up(words, folder)
    started = time.perf_counter()
    command = [sys.executable, __file__, "once", str(path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    seconds = time.perf_counter() - started
    return {"words": words, "distinct": _distinct(path), "seconds": seconds, **json.loads(done.stdout)}


def _explained(memory: dict[str, float]) -> float:
    """MiB that counts and vectors may take."""
    return (memory["distinct"] * BYTES_OF_COUNT + memory["vectors"] * BYTES_OF_VECTOR) / 2**20


def _distinct(path: Path) -> int:
    return len({word for line in _lines(path) for word in line})


def made_up(words: int, folder: Path) -> Path:
    """A file of so many words, 20 a line."""
    path = folder / f"{words}.txt"
    draw = np.random.default_rng(SEED)
    with path.open("w", encoding="utf-8") as file:
        for start in range(0, words, 100_000):
            drawn = [f"word{rank}" for rank in _ranks(min(100_000, words - start), draw).tolist()]
            file.writelines(
                " ".join(drawn[at : at + SENTENCE]) + "\n" for at in range(0, len(drawn), SENTENCE)
            )
    return path


def _ranks(number: int, draw: np.random.Generator) -> NDArray[np.int64]:
    """Ranks r from 1 on with chances in proportion to 1/r up to c = COMMON, and to c^(s-1) / r^s, s = 1/0.6.

    Of the second kind at least r have the share (c / r)^(s-1), with which their sum is about 1 / (s-1).
    """
    s = 1 / HEAPS
    edges = np.cumsum([*(1 / np.arange(1, COMMON + 1)), 1 / (s - 1)])
    ranks = np.searchsorted(edges / edges[-1], draw.random(number), "right") + 1
    rare = ranks > COMMON
    chances = 1 - draw.random(int(rare.sum()))  # above 0
    ranks[rare] = np.minimum((COMMON + 1) * chances ** (-1 / (s - 1)), 2.0**62)
    return ranks


def _print_speed(speed: dict[Algorithm, dict[str, Any]]) -> None:
    print(f"{'words a second':<32}{'whole':>12}{'training':>12}")
    for algorithm, measured in speed.items():
        for name, rates in measured["words_per_second"].items():
            print(f"{algorithm + ', ' + name:<32}{rates['whole']:>12,.0f}{rates['training']:>12,.0f}")
        ratios = f"{measured['ratio_whole']:>12.2f}{measured['ratio_training']:>12.2f}"
        print(f"{'ratio to the faster gensim':<32}{ratios}")


if __name__ == "__main__":
    sys.exit(app())
