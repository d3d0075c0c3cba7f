"""What a shortlist is worth among many words: texts a second with it and without, weights by chance.

A translator of the default form with so many source and target words, none of its weights trained, writes a
text of a set length for each of 64 sources; once it searches among all words, once among those that a lexicon
gives for the batch's sources, with the most frequent. The lexicon is drawn by chance, words as frequent as
Zipf's law has it; how many of the words are left is told.

    python benchmarks/shortlist.py --words 80000    writes shortlist.json
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import torch
from cyclopts import App
from rich.console import Console
from rich.table import Table

from decoding import timed
from throughtime.decoding.beam import BeamSettings, beam
from throughtime.decoding.stepping import LengthRule, StepModel
from throughtime.layers.special_ids import EOS_ID, SPECIALS
from throughtime.seq2seq.config import ModelConfig, SearchConfig
from throughtime.seq2seq.network.model import Translator
from throughtime.seq2seq.network.shortlist import Shortlisted
from throughtime.seq2seq.network.stepper import stepper

SOURCES, LENGTH = 64, 15

app = App(help=__doc__, help_format="plaintext")


def drawn(generator: np.random.Generator, words: int, shape: tuple[int, ...]) -> torch.Tensor:
    """Ids of words by Zipf's law."""
    ranks = np.exp(generator.random(shape) * np.log(words - len(SPECIALS)))
    return torch.from_numpy(ranks.astype(np.int64) - 1 + len(SPECIALS))


@app.default
def main(*, words: int = 80_000, rounds: int = 3, report: Path = Path("shortlist.json")) -> None:
    """Search with beams of 1 and 5 and print texts a second."""
    torch.manual_seed(1)
    generator = np.random.default_rng(1)
    translator = Translator(ModelConfig(tie_embeddings="output"), words, words).eval()
    src = drawn(generator, words, (SOURCES, LENGTH))
    src[:, -1] = EOS_ID
    lengths = torch.full((SOURCES,), LENGTH)
    config = SearchConfig()
    lexicon = drawn(generator, words, (words, config.shortlist_best))
    some = Shortlisted(stepper(translator), lexicon, config.shortlist_frequent)
    models: dict[str, StepModel] = {"all": stepper(translator), "shortlist": some}
    left = len(some.start(src, lengths).words)
    table = Table("beam", "all words, texts a second", f"{left:,} of {words:,}", "ratio")
    figures: dict[str, dict[str, float]] = {}
    for width in (1, 5):
        how = BeamSettings(width, config.length_penalty, 0.0, 1, LengthRule(0, LENGTH, LENGTH))
        ways = {name: partial(beam, model, src, lengths, how) for name, model in models.items()}
        speeds = {name: SOURCES / seconds for name, (seconds, _) in timed(ways, rounds).items()}
        ratio = speeds["shortlist"] / speeds["all"]
        figures[f"beam {width}"] = {**speeds, "ratio": ratio}
        table.add_row(str(width), *(f"{one:,.0f}" for one in speeds.values()), f"{ratio:.2f}")
    Console().print(table)
    report.write_text(json.dumps({"words": words, "left": left, **figures}, indent=1) + "\n")


if __name__ == "__main__":
    app()
