"""Linear classifiers: what they learn, that they come back from their file, and how sure they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from throughtime.artefact.file import load
from throughtime.words.classify import linear
from throughtime.words.classify.labelled import Labelled
from throughtime.words.classify.linear import LinearClassifier, train_linear
from throughtime.words.features.averages import MeanVectors
from throughtime.words.features.bags import BagOfWords, OneHot, TfIdf
from throughtime.words.features.codebook import Codebook, CodebookHistogram

GOOD, BAD, OTHER = ("good", "fine", "lovely"), ("bad", "awful", "poor"), ("film", "story", "music", "end")
WORDS = (*GOOD, *BAD, *OTHER)


def texts(count: int, labels: int = 2, seed: int = 0) -> Labelled:
    """Texts of other words and, nine times in ten, one that tells the label."""
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, labels, count)
    signs = (BAD, GOOD, ("dull", "long"))
    made = []
    for label in truth:
        told = label if draw.random() < 0.9 else draw.integers(labels)
        made.append(" ".join([*draw.choice(OTHER, 4), draw.choice(signs[told])]))
    return Labelled(made, truth, ("bad", "good", "dull")[:labels])


def matrix() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(len(WORDS), 8))


FEATURES: dict[str, Any] = {
    "one hot": lambda: OneHot(),
    "bag": lambda: BagOfWords(ngrams=2),
    "tfidf": lambda: TfIdf(tf="sublinear"),
    "codebook": lambda: CodebookHistogram(WORDS, matrix(), Codebook(8)),
    "vectors": lambda: MeanVectors(WORDS, matrix()),
}


@pytest.mark.parametrize("name", FEATURES)
def test_it_learns_and_comes_back_from_its_file(name: str, tmp_path: Path) -> None:
    train, test = texts(400), texts(300, seed=1)
    classifier = train_linear(FEATURES[name](), train, seed=1)
    chances = classifier.probabilities(test.texts)
    np.testing.assert_allclose(chances.sum(1), 1)
    assert (chances.argmax(1) == test.labels).mean() > 0.85
    classifier.save(tmp_path / "model.safetensors")
    again = LinearClassifier.from_artefact(load(tmp_path / "model.safetensors"))
    np.testing.assert_array_equal(again.probabilities(test.texts), chances)
    assert again.labels == ("bad", "good")


def test_it_is_as_sure_as_it_is_right() -> None:
    """One in twenty texts misleads: what seems sure is right in 95 of 100."""
    classifier = train_linear(OneHot(), texts(2000), seed=1)
    test = texts(2000, seed=1)
    chances = classifier.probabilities(test.texts)
    right = chances.argmax(1) == test.labels
    assert chances.max(1).mean() == pytest.approx(right.mean(), abs=0.02)


def test_three_labels() -> None:
    classifier = train_linear(TfIdf(), texts(600, labels=3), seed=1)
    test = texts(300, labels=3, seed=1)
    assert classifier.weights.shape[0] == 3
    assert (classifier.probabilities(test.texts).argmax(1) == test.labels).mean() > 0.85


def test_a_text_without_a_known_word_is_judged_by_the_bias() -> None:
    classifier = train_linear(OneHot(), texts(200), seed=1)
    empty, unknown = classifier.probabilities(["", "entirely unheard-of"])
    np.testing.assert_array_equal(empty, unknown)


def test_strengths_are_tried_until_the_loss_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = list[float]()

    def learned(strength: float, rows: Any, labels: Any) -> Any:
        tried.append(strength)
        return LogisticRegression(C=strength).fit(rows, labels)

    monkeypatch.setattr(linear, "_learned", learned)
    train_linear(OneHot(), texts(400), seed=1)
    *searched, chosen = tried
    strengths = list(dict.fromkeys(searched))
    assert searched == [strength for strength in strengths for _ in range(linear.FOLDS)]
    assert strengths == list(linear.STRENGTHS[: len(strengths)]) and chosen == strengths[-2]
    tried.clear()
    monkeypatch.setattr(linear, "MANY", 400)
    train_linear(OneHot(), texts(400), seed=1)
    assert tried[:-1] == list(dict.fromkeys(tried[:-1]))
