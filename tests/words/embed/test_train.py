from __future__ import annotations

import random
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gensim.models import Word2Vec

from throughtime.errors import InputError
from throughtime.words.embed import corpus
from throughtime.words.embed import train as training
from throughtime.words.embed.config import EmbedConfig
from throughtime.words.embed.corpus import Moment
from throughtime.words.embed.train import train

TOPICS = [[f"{letter}{number}" for number in range(10)] for letter in "abcd"]


def topics(sentences: int = 1500, seed: int = 0) -> list[list[str]]:
    """Sentences of words of one topic each."""
    draw = random.Random(seed)
    return [draw.choices(draw.choice(TOPICS), k=draw.randint(4, 9)) for _ in range(sentences)]


def words_of_parts(sentences: list[list[str]], full: int) -> list[int]:
    """How many words each part holds, where one is closed once it has so many."""
    parts = [0]
    for sentence in sentences:
        if parts[-1] >= full:
            parts.append(0)
        parts[-1] += len(sentence)
    return parts


def config(**settings: Any) -> EmbedConfig:
    given = {"size": 16, "epochs": 5, "threads": 1, "subsample": 0.0, **settings}
    return EmbedConfig(**given)


@pytest.mark.parametrize("subwords", [False, True])
@pytest.mark.parametrize("objective", ["negative", "hierarchical"])
@pytest.mark.parametrize("algorithm", ["skip_gram", "cbow"])
def test_words_of_a_topic_come_together(algorithm: Any, objective: Any, subwords: bool) -> None:
    buckets = {"buckets": 500} if subwords else {}
    chosen = config(algorithm=algorithm, objective=objective, subwords=subwords, epochs=20, **buckets)
    vectors = train(topics(), chosen)
    assert sorted(vectors.words) == sorted(word for topic in TOPICS for word in topic)
    same = [sum(word[0] == near[0] for near, _ in vectors.nearest(word, 9)) / 9 for word in vectors.words]
    assert np.mean(same) > 0.9  # by chance 9 of 39


def test_counts_and_what_is_told(tmp_path: Path) -> None:
    sentences = [["b", "a", "a"], ["c", "a", "b"], ["only"]]
    vectors = train(sentences, config(min_count=2), about={"sources": {"numpy": "2"}}, folder=tmp_path)
    assert list(vectors.words) == ["a", "b"]
    assert vectors.counts is not None and vectors.counts.tolist() == [3, 2]
    assert vectors.matrix.dtype == np.float32
    assert vectors.about == {
        "embed": asdict(config(min_count=2)),
        "corpus": {"words": 6, "sentences": 2},
        "sources": {"numpy": "2"},
    }
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("algorithm", ["skip_gram", "cbow"])
def test_the_same_numbers_as_gensim(algorithm: Any, tmp_path: Path) -> None:
    """Of one part, gone through once, the loops are called exactly as gensim calls them."""
    sentences = topics(300)
    path = tmp_path / "lines.txt"
    path.write_text("".join(" ".join(sentence) + "\n" for sentence in sentences))
    sg = int(algorithm == "skip_gram")
    theirs = Word2Vec(
        corpus_file=str(path), sg=sg, vector_size=16, alpha=0.05, epochs=1, workers=1, sample=1e-3, seed=3
    )
    ours = train(sentences, config(algorithm=algorithm, epochs=1, subsample=1e-3, seed=3))
    assert list(ours.words) == theirs.wv.index_to_key
    np.testing.assert_array_equal(ours.matrix, theirs.wv.vectors)


def test_one_thread_and_one_seed_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "PART_WORDS", 1000)
    first, again, other = (train(topics(), config(seed=seed)).matrix for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_moments_of_several_threads_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "PART_WORDS", 500)
    moments: list[Moment] = []
    vectors = train(topics(), config(threads=3, epochs=8), moments.append)
    steps = [now for now in moments if now.doing == "training"]
    words = vectors.about["corpus"]["words"]
    parts = words_of_parts(topics(), 500)
    assert sum(parts) == words and len(parts) > 10
    assert [now.total for now in steps] == [8 * words] * 8 * len(parts)
    told = np.diff([0, *(now.words for now in steps)]).tolist()
    assert sorted(told) == sorted(8 * parts)  # each part once in each epoch
    assert all(now.words_per_second > 0 for now in steps)
    losses = [now.loss for now in steps if now.loss is not None]
    assert len(losses) == len(steps) and losses[-1] < 0.8 * losses[0]


def test_the_loss_of_a_word_that_knows_nothing_yet() -> None:
    """All outputs are 0 at first, so that each of 1 + 5 answers of a word costs log 2 each."""
    moments: list[Moment] = []
    train(topics(200), config(epochs=1, learning_rate=1e-9), moments.append)
    assert moments[-1].loss == pytest.approx(
        6 * np.log(2), rel=0.05
    )  # a drawn word that is the true one is skipped


def test_subwords_know_no_loss_and_words_never_seen() -> None:
    moments: list[Moment] = []
    sentences = [["walking", "running"], ["walked", "ran"]] * 20
    vectors = train(sentences, config(subwords=True, buckets=300, min_n=3, max_n=4), moments.append)
    assert moments[-1].loss is None
    assert vectors.subwords is not None and vectors.subwords.matrix.shape == (300, 16)
    assert "walks" not in vectors and vectors.vector("walks").shape == (16,)
    parts = vectors.subwords.vector("walking")
    assert parts is not None and np.corrcoef(parts, vectors.vector("walking"))[0, 1] > 0.5


def test_phrases_become_words() -> None:
    draw = random.Random(0)
    others = [f"w{k}" for k in range(50)]
    plain = [draw.choices(others, k=7) for _ in range(200)]
    sentences = [[*one[:4], "new", "york", *one[4:]] if k < 20 else one for k, one in enumerate(plain)]
    vectors = train((sentence for sentence in sentences), config(phrases=True))
    assert "new_york" in vectors and "new" not in vectors
    assert vectors.about["corpus"]["words"] == 200 * 7 + 20
    assert "new_york" not in train(sentences, config())


def test_the_vocabulary_is_cut_to_the_most_frequent() -> None:
    vectors = train([["a", "b", "c", "a", "b", "a"]] * 5, config(max_vocab=2))
    assert list(vectors.words) == ["a", "b"]
    alike = train([["a", "b", "c", "d"]] * 5, config(max_vocab=3))
    assert len(alike) == 3
    assert len(train([["a", "b", "c"]] * 5, config(max_vocab=2, objective="hierarchical"))) == 2


def test_interrupted_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "PART_WORDS", 200)

    def interrupt(now: Moment) -> None:
        if now.doing == "training" and now.words > 2000:
            raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        train(topics(), config(threads=2, epochs=1000), interrupt, folder=tmp_path)
    assert threading.active_count() == before
    assert list(tmp_path.iterdir()) == []


def test_an_error_in_a_thread_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: Any) -> Any:
        raise RuntimeError("the loop failed")

    monkeypatch.setattr(training, "_LOOPS", {("cbow", False): fail})
    with pytest.raises(RuntimeError, match="the loop failed"):
        train(topics(20), config(min_count=1), folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_files_that_vanish_end_the_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "PART_WORDS", 500)

    def lose(now: Moment) -> None:
        for part in tmp_path.rglob("*.txt"):
            part.unlink()

    with pytest.raises(InputError, match=r"\d+\.txt can no longer be read; expected the cleaned words$"):
        train(topics(), config(), lose, folder=tmp_path)


def test_too_little_to_learn_from() -> None:
    with pytest.raises(
        InputError, match=r"^the corpus has no sentence of at least two words; expected at least one$"
    ):
        train([], config())
    with pytest.raises(InputError) as caught:
        train([["a", "b", "a"], ["a", "c"]], config())
    assert str(caught.value) == (
        "min_count is 5, but 0 of 3 words occur so often ('a', the most frequent, 3 times); "
        "expected two words at least"
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"algorithm": "glove"}, "algorithm is glove; expected skip_gram or cbow"),
        ({"objective": "full"}, "objective is full; expected negative or hierarchical"),
        ({"size": 0}, "size is 0; expected at least 1"),
        ({"window": 0}, "window is 0; expected at least 1"),
        ({"epochs": 0}, "epochs is 0; expected at least 1"),
        ({"min_count": 0}, "min_count is 0; expected at least 1"),
        ({"negatives": 0}, "negatives is 0; expected at least 1"),
        ({"max_vocab": -1}, "max_vocab is -1; expected 2 or more, or 0 for all"),
        ({"max_vocab": 1, "objective": "hierarchical"}, "max_vocab is 1; expected 2 or more, or 0 for all"),
        ({"threads": -1}, "threads is -1; expected 0 or more"),
        ({"subsample": 1.0}, "subsample is 1.0; expected 0 or more and below 1"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0; expected above 0 and at most 1"),
        ({"subwords": True, "min_n": 4, "max_n": 3}, "max_n is 3; expected at least min_n, 4"),
        ({"seed": -1}, "seed is -1; expected 0 or more and below 2**32"),
        (
            {"objective": "hierarchical", "negatives": 7},
            "negatives is 7, but objective is hierarchical; expected negative",
        ),
        ({"buckets": 9}, "buckets is 9, but subwords is False; expected True"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        EmbedConfig(**settings)
    assert str(caught.value) == said
