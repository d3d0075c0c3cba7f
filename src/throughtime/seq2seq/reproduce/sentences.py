"""Sentences whose vectors show what a model has learned of word order and voice (the paper's figure 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from throughtime.insight.charts import labelled_map
from throughtime.seq2seq.measure.sentence_map import principal_plane, sentence_vectors, separation
from throughtime.seq2seq.model_file import Trained, load_model


@dataclass(frozen=True)
class Sentences:
    """Some sentences, grouped by meaning."""

    title: str
    meanings: Sequence[Sequence[str]]

    @property
    def texts(self) -> list[str]:
        return [text for texts in self.meanings for text in texts]

    @property
    def labels(self) -> list[int]:
        """The number of each sentence's meaning."""
        return [number for number, texts in enumerate(self.meanings) for _ in texts]


ORDER = Sentences(
    "who does it to whom",
    (
        ("A man chases a woman.", "A man follows a woman.", "A man watches a woman."),
        ("A woman chases a man.", "A woman follows a man.", "A woman watches a man."),
    ),
)
"""The same words in another order, with another meaning."""

VOICE = Sentences(
    "active and passive",
    (
        (
            "A man gives a woman a flower in the park.",
            "In the park, a man gives a woman a flower.",
            "A woman is given a flower by a man in the park.",
        ),
        (
            "A woman gives a man a flower in the park.",
            "In the park, a woman gives a man a flower.",
            "A man is given a flower by a woman in the park.",
        ),
    ),
)
"""Other words in another order, with the same meaning."""

LANGUAGE = "en"
"""Of the sentences."""


@dataclass(frozen=True)
class Mapped:
    """The distances between sentences of one meaning relative to others, and the pictures."""

    title: str
    separation: float
    shown: float
    files: tuple[Path, ...]


def draw_maps(model: Path, language: str, folder: Path) -> list[Mapped]:
    """Draw the maps of order and voice in `folder`; none if the model reads another language."""
    if language != LANGUAGE:
        return []
    trained = load_model(model)
    return [
        _draw(trained, sentences, folder / name) for name, sentences in (("order", ORDER), ("voice", VOICE))
    ]


def _draw(trained: Trained, sentences: Sentences, path: Path) -> Mapped:
    """Draw the map of the sentences' vectors."""
    vectors = sentence_vectors(trained, sentences.texts)
    plane = principal_plane(vectors)
    note = f"two principal components, {plane.share:.0%} of the variance"
    points = [(x, y) for x, y in plane.points.tolist()]
    files = labelled_map(path, points, sentences.texts, sentences.labels, note)
    return Mapped(sentences.title, separation(vectors, sentences.labels), plane.share, tuple(files))
