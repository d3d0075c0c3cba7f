"""Train a cell of your own by its name in a text classifier, and load the model file again."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rich.console import Console
from torch import sigmoid, tanh

from throughtime import Cell
from throughtime.training.config import TrainingConfig
from throughtime.words.classify.config import ClassifyConfig, NetworkConfig
from throughtime.words.classify.labelled import Labelled
from throughtime.words.classify.methods import load_classifier
from throughtime.words.classify.recurrent import train_recurrent

CELL = "__main__:MinimalGatedUnit"
"""Module and class. For a class in my_module.py it is my_module:MinimalGatedUnit, on the command line too:
`throughtime seq2seq train --cell`, `throughtime words classify train --methods`."""


class MinimalGatedUnit(Cell):
    """f = sigmoid(W_f x + U_f h), n = tanh(W_n x + U_n (f * h)), h = (1 - f) h + f n (Zhou et al. 2016)."""

    gates = ("f", "n")

    def step(self, wx, u, s, p):
        f = sigmoid(wx.f + u.f(s.h))
        return dict(h=(1 - f) * s.h + f * tanh(wx.n + u.n(f * s.h))), {}


def texts(count: int, seed: int) -> Labelled:
    """Labelled texts that differ only in the order of two words."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(2, size=count)
    pairs = [("man bites dog", "dog bites man")[label] for label in labels]
    return Labelled([f"today {pair} {draw.integers(9)}" for pair in pairs], labels, ("news", "no news"))


config = ClassifyConfig(
    network=NetworkConfig(embedding_size=8, hidden_size=8),
    training=TrainingConfig(max_epochs=4, learning_rate=0.02),
)
with TemporaryDirectory() as folder:
    place = Path(folder)
    classifier = train_recurrent(CELL, config, texts(300, 1), texts(60, 2), place / "run", Console())
    classifier.save(place / "model.safetensors")
    # The file holds the cell's name, not its code: import its module before you load the model.
    loaded = load_classifier(place / "model.safetensors")
test = texts(100, 3)
right = loaded.probabilities(test.texts).argmax(1) == test.labels
print(f"accuracy on {len(test)} texts: {right.mean():.0%}")
