"""Training of word vectors: word2vec (Mikolov et al. 2013a, b), subwords (Bojanowski et al. 2017).

The loops over words are gensim's, in C. Here they process a corpus part by part, so that any number of
threads runs without Python's lock, the learning rate falls linearly whatever their number, and progress is
known after each part. gensim's own training from files reports nothing before the end of an epoch, and each
of its threads sees only its share of the progress.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread, local
from typing import Any, NamedTuple, cast

import numpy as np
from gensim.matutils import zeros_aligned
from gensim.models import FastText, Word2Vec
from gensim.models.fasttext_corpusfile import train_epoch_cbow as cbow_of_subwords
from gensim.models.fasttext_corpusfile import train_epoch_sg as skip_gram_of_subwords
from gensim.models.phrases import ENGLISH_CONNECTOR_WORDS, FrozenPhrases, Phrases
from gensim.models.word2vec_corpusfile import CythonLineSentence, CythonVocab
from gensim.models.word2vec_corpusfile import train_epoch_cbow as cbow
from gensim.models.word2vec_corpusfile import train_epoch_sg as skip_gram

from throughtime.errors import InputError
from throughtime.words.embed.config import EmbedConfig
from throughtime.words.embed.corpus import Moment, Stored, Watch, scratch_folder, store, unwatched, watched
from throughtime.words.embed.vectors import Subwords, WordVectors

LAST_RATE = 1e-4
"""Final learning rate, as in word2vec."""

_LOOPS: Mapping[tuple[str, bool], Callable[..., tuple[int, int, int]]] = {
    ("cbow", False): cbow,
    ("skip_gram", False): skip_gram,
    ("cbow", True): cbow_of_subwords,
    ("skip_gram", True): skip_gram_of_subwords,
}
"""gensim's loops, by algorithm and whether there are subwords: over one file, without Python's lock."""

_MOST_PAIRS = 2_000_000  # of words, counted for phrases at a time: some 200 MB


def train(
    sentences: Iterable[Sequence[str]],
    config: EmbedConfig | None = None,
    watch: Watch = unwatched,
    about: Mapping[str, Any] | None = None,
    folder: Path | None = None,
) -> WordVectors:
    """Learn the vectors of the words in sentences, which are iterated once.

    about: what the result records besides the settings. folder: where the words are stored on disk during
    training.

    Raises InputError if there is no sentence, if fewer than two words are frequent enough, and if the disk is
    full. An interrupted training ends within a part and leaves nothing behind.
    """
    config = config or EmbedConfig()
    with scratch_folder(folder) as scratch:
        stored = _stored(sentences, config, scratch, watch)
        model = _model(config, stored)
        _Training(model, config, stored, watch).run()
        description = {
            "embed": asdict(config),
            "corpus": {"words": stored.words, "sentences": stored.sentences},
        }
    return _vectors(model, config, {**description, **(about or {})})


def _stored(sentences: Iterable[Sequence[str]], config: EmbedConfig, folder: Path, watch: Watch) -> Stored:
    plain = _in(folder / "words", watched(sentences, "reading", watch))
    if not config.phrases:
        return plain
    phrases = _phrases(watched(plain, "looking for phrases", watch))
    joined = ([token for token, _ in phrases.analyze_sentence(sentence)] for sentence in plain)
    return _in(folder / "phrases", watched(joined, "writing phrases", watch))


def _phrases(sentences: Iterable[Sequence[str]]) -> FrozenPhrases:
    return Phrases(sentences, max_vocab_size=_MOST_PAIRS, connector_words=ENGLISH_CONNECTOR_WORDS).freeze()


def _in(folder: Path, sentences: Iterable[Sequence[str]]) -> Stored:
    folder.mkdir()
    return store(sentences, folder)


_of_thread = local()


class _LossOfPart:
    """A model that records the loss of the part that this thread has just processed.

    gensim's own sum is never reset, is one float32, and is overwritten by threads.
    """

    @property
    def running_training_loss(self) -> float:
        return 0.0

    @running_training_loss.setter
    def running_training_loss(self, loss: float) -> None:
        _of_thread.loss = loss


class _Words(_LossOfPart, Word2Vec):
    """word2vec."""


class _Subwords(_LossOfPart, FastText):
    """word2vec with the parts of words; its loops report no loss."""


def _model(config: EmbedConfig, stored: Stored) -> Word2Vec:
    """Return the model with its vocabulary and initial vectors."""
    settings: dict[str, Any] = {
        "vector_size": config.size,
        "window": config.window,
        "min_count": 1,  # of the remaining words
        "sample": config.subsample,
        "sg": int(config.algorithm == "skip_gram"),
        "hs": int(config.objective == "hierarchical"),
        "negative": config.negatives if config.objective == "negative" else 0,
        "alpha": config.learning_rate,
        "min_alpha": min(LAST_RATE, config.learning_rate),
        "seed": config.seed,
        "workers": 1,  # each of our threads processes its part by itself
    }
    if config.subwords:
        model = _Subwords(**settings, min_n=config.min_n, max_n=config.max_n, bucket=config.buckets)
    else:
        model = _Words(**settings)
    model.build_vocab_from_freq(_vocabulary(stored.counts, config), corpus_count=stored.sentences)
    return model


def _vocabulary(counts: Mapping[str, int], config: EmbedConfig) -> dict[str, int]:
    frequent = {word: times for word, times in counts.items() if times >= config.min_count}
    if len(frequent) < 2:
        word, times = max(counts.items(), key=lambda pair: pair[1])
        raise InputError(
            f"min_count is {config.min_count}, but {len(frequent)} of {len(counts):,} words occur so often "
            f"({word!r}, the most frequent, {times:,} times); expected two words at least"
        )
    return dict(Counter(frequent).most_common(config.max_vocab or None))


class _Done(NamedTuple):
    """The result of one thread for one part; `trained` words were neither unknown nor randomly skipped."""

    words: int
    trained: int
    loss: float


class _Training:
    """Threads that take parts in turn, epoch by epoch, until all are done."""

    def __init__(self, model: Word2Vec, config: EmbedConfig, stored: Stored, watch: Watch) -> None:
        self._model, self._stored, self._watch = model, stored, watch
        self._loop = _LOOPS[config.algorithm, config.subwords]
        self._threads = config.threads or os.cpu_count() or 1
        self._vocabulary = CythonVocab(model.wv, hs=model.hs, fasttext=config.subwords)
        self._knows_loss = not config.subwords
        self._epochs, self._turns = config.epochs, len(stored.parts) * config.epochs
        self._turn, self._stopped = count(), Event()
        self._done: SimpleQueue[_Done | Exception] = SimpleQueue()
        model.epochs = self._turns  # over which the learning rate falls

    def run(self) -> None:
        """Train; raises what a thread raised. All threads have ended afterwards, in any case."""
        threads = [Thread(target=self._work, daemon=True) for _ in range(self._threads)]
        try:
            for thread in threads:
                thread.start()
            self._follow()
        finally:
            self._stopped.set()
            for thread in threads:
                thread.join()

    def _work(self) -> None:
        try:
            scratch = [zeros_aligned(self._model.layer1_size, np.float32) for _ in range(2)]
            while not self._stopped.is_set() and (turn := next(self._turn)) < self._turns:
                self._done.put(self._through(turn, scratch))
        except Exception as error:
            self._done.put(error)  # for the waiting thread

    def _through(self, turn: int, scratch: Sequence[Any]) -> _Done:
        part = self._stored.parts[turn % len(self._stored.parts)]
        if not CythonLineSentence(
            str(part.path)
        ).read_sentence():  # for whose words the loop would wait forever
            raise InputError(f"{part.path} can no longer be read; expected the cleaned words")
        known_loss = (True,) if self._knows_loss else ()
        _, trained, words = self._loop(
            self._model, str(part.path), 0, self._vocabulary, turn, None, part.words, *scratch, *known_loss
        )
        return _Done(words, trained, _of_thread.loss if self._knows_loss else 0.0)

    def _follow(self) -> None:
        started, words, total = time.monotonic(), 0, self._stored.words * self._epochs
        latest: deque[_Done] = deque(maxlen=len(self._stored.parts))  # parts differ in loss, epochs less
        for _ in range(self._turns):
            latest.append(self._next_done())
            words += latest[-1].words
            speed = words / (time.monotonic() - started)
            self._watch(Moment("training", words, total, speed, self._loss(latest)))

    def _next_done(self) -> _Done:
        done = self._done.get()
        if isinstance(done, Exception):
            raise done
        return done

    def _loss(self, latest: Iterable[_Done]) -> float | None:
        losses, words = sum(done.loss for done in latest), sum(done.trained for done in latest)
        return losses / max(words, 1) if self._knows_loss else None


def _vectors(model: Word2Vec, config: EmbedConfig, about: Mapping[str, Any]) -> WordVectors:
    known = cast("Any", model.wv)
    subwords = None
    if config.subwords:
        known.adjust_vectors()  # makes a word's vector the mean with those of its parts
        subwords = Subwords(config.min_n, config.max_n, known.vectors_ngrams)
    return WordVectors(known.index_to_key, known.vectors, known.expandos["count"], about, subwords)
