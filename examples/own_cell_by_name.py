"""Train a cell of your own by its name in a text classifier, and load the model file again."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rich.console import Console
from torch import sigmoid, tanh

import throughtime
from throughtime import Cell

CELL = "__main__:MinimalGatedUnit"
"""Module and class. For a class in my_module.py it is my_module:MinimalGatedUnit, on the command line too:
`throughtime seq2seq train --cell`, `throughtime words classify train --methods`."""


class MinimalGatedUnit(Cell):
    """f = sigmoid(W_f x + U_f h), n = tanh(W_n x + U_n (f * h)), h = (1 - f) h + f n (Zhou et al. 2016)."""

    gates = ("f", "n")

    def step(self, wx, u, s, p):
        f = sigmoid(wx.f + u.f(s.h))
        return dict(h=(1 - f) * s.h + f * tanh(wx.n + u.n(f * s.h))), {}


def write_texts(path: Path, count: int, seed: int) -> str:
    """Write labelled texts that differ only in the order of two words."""
    draw = np.random.default_rng(seed)
    texts = ("news\ttoday man bites dog", "no news\ttoday dog bites man")
    path.write_text("".join(f"{texts[draw.integers(2)]} {draw.integers(9)}\n" for _ in range(count)))
    return str(path)


with TemporaryDirectory() as folder:
    place = Path(folder)
    result = throughtime.train(
        "words classify",
        corpus=(write_texts(place / "train.tsv", 360, 1),),
        test=(write_texts(place / "test.tsv", 100, 2),),
        methods=(CELL,),
        first_vectors="chance",
        embedding_size=8,
        hidden_size=8,
        max_epochs=5,
        learning_rate=0.02,
        folder=place / "run",
        console=Console(),
    )
    # The file holds the cell's name, not its code: import its module before you load the model.
    model = throughtime.load(result.model)
    print(model("today man bites dog 3"))
