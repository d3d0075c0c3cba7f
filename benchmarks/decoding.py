"""How many sentences a second are translated: by ours, and by the loop that one writes with torch.

A trained model translates the same sentences by `throughtime`'s search, and as a network of nn.LSTM with the
same weights by a straightforward beam: at each step the log-softmax over all words, the best of all
extensions, states and what is looked at moved to them, until every hypothesis has ended; one sentence at a
time, and 64 together. Ours is measured in eight bits too and, with --lexicon, among some of the words. Told
are sentences a second, how many times as many ours are, BLEU, and how many translations equal ours.

    throughtime seq2seq train --folder runs/demo      a model, on the built-in phrasebook
    python benchmarks/decoding.py runs/demo/best.safetensors
    python benchmarks/decoding.py MODEL --corpus test.en test.fr --sentences 1000 --lexicon lex.tsv
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated, TypeVar

import torch
from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from translation import Written

from throughtime.layers.special_ids import BOS_ID, EOS_ID, PAD_ID
from throughtime.measure.text_scores import quick_bleu
from throughtime.seq2seq.config import SearchConfig
from throughtime.seq2seq.data.prepare import read_test
from throughtime.seq2seq.model_file import Trained, load_model
from throughtime.seq2seq.network.model import Attended
from throughtime.seq2seq.pipeline import load_pipeline

app = App(help=__doc__, help_format="plaintext")
TOGETHER = 64
FIGURES = ("sentences/s", "ours is faster by", "BLEU", "as ours")
PLACES = (0, 2, 2, 0)
"""Digits behind the point of each figure."""

T = TypeVar("T")
Way = Callable[[], list[str]]


@torch.no_grad()
def loop(model: Written, src: Tensor, lengths: Tensor, width: int, config: SearchConfig) -> list[list[int]]:
    """The best text of each source by a beam of that width, as in many a tutorial."""
    encoded = model.encode(src, lengths)
    size = len(src)
    rows = torch.arange(size).repeat_interleave(width)
    state = tuple(part.index_select(1, rows) for part in encoded.state)
    attended = Attended(*(part.index_select(0, rows) for part in model.head.attended(encoded)))
    totals = torch.full((size, width), -torch.inf)
    totals[:, 0] = 0
    texts = torch.full((size * width, 1), BOS_ID)
    ended = torch.zeros(size * width, dtype=torch.bool)
    for _ in range(int(lengths.max() * config.max_length_ratio) + config.max_length_offset):
        features, state, _, _ = model.decode(texts[:, -1:], state, attended)
        log_probabilities = model.output(features[:, 0]).log_softmax(-1)
        log_probabilities[:, [PAD_ID, BOS_ID]] = -torch.inf
        log_probabilities[ended] = -torch.inf
        log_probabilities[ended, EOS_ID] = 0
        words = log_probabilities.shape[1]
        every = (totals.view(-1, 1) + log_probabilities).view(size, -1)
        totals, cells = every.topk(width)
        parents = (cells // words + width * torch.arange(size)[:, None]).flatten()
        tokens = (cells % words).flatten()
        texts = torch.cat([texts[parents], tokens[:, None]], 1)
        ended = ended[parents] | (tokens == EOS_ID)
        state = tuple(part.index_select(1, parents) for part in state)
        attended = Attended(*(part.index_select(0, parents) for part in attended))
        if ended.all():
            break
    counts = (texts != EOS_ID).sum(1).view(size, width)
    best = (totals / ((5 + counts) / 6) ** config.length_penalty).argmax(1)
    chosen = texts.view(size, width, -1)[torch.arange(size), best]
    return [_text(row) for row in chosen[:, 1:].tolist()]


def _text(tokens: list[int]) -> list[int]:
    return tokens[: tokens.index(EOS_ID)] if EOS_ID in tokens else tokens


def by_loop(trained: Trained, lines: Sequence[str], width: int, together: int) -> list[str]:
    """Lines translated by the loop, so many at a time."""
    both, config = trained.tokenizers, SearchConfig()
    model = Written(trained.model.config, both.src.vocab_size, both.tgt.vocab_size)
    model.load_state_dict(trained.model.state_dict())
    model.eval()
    found: list[str] = []
    for k in range(0, len(lines), together):
        sources = [torch.tensor([*both.src.encode(line), EOS_ID]) for line in lines[k : k + together]]
        lengths = torch.tensor([len(one) for one in sources])
        texts = loop(model, pad_sequence(sources, True, PAD_ID), lengths, width, config)
        found += [both.tgt.decode(text) for text in texts]
    return found


def by_ours(model: Path, lines: Sequence[str], config: SearchConfig) -> list[str]:
    """Lines translated as `throughtime seq2seq evaluate` does it."""
    return list(load_pipeline([model], config).texts(lines))


def ways_of(model: Path, lines: Sequence[str], width: int, lexicon: Path | None) -> dict[str, Way]:
    """All that are timed with a beam of one width, ours first."""
    plain = SearchConfig(unknown="keep", **({"search": "greedy"} if width == 1 else {"beam_size": width}))
    configs = {"ours": plain, "ours, int8": replace(plain, quantise="int8")}
    if lexicon is not None:
        configs["ours, shortlist"] = replace(plain, shortlist=lexicon)
    ours = {name: partial(by_ours, model, lines, config) for name, config in configs.items()}
    trained = load_model(model)
    loops = {
        f"loop over {'sentences' if together == 1 else f'batches of {together}'}": partial(
            by_loop, trained, lines, width, together
        )
        for together in (1, TOGETHER)
    }
    return {**ours, **loops}


def timed(ways: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, tuple[float, T]]:
    """The least time of some rounds of each, by turns, and what it wrote."""
    found: dict[str, tuple[float, T]] = {}
    for _ in range(rounds):
        for name, run in ways.items():
            start = time.perf_counter()
            texts = run()
            seconds = time.perf_counter() - start
            found[name] = min(seconds, found[name][0] if name in found else seconds), texts
    return found


@app.default
def main(
    model: Path,
    *,
    corpus: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    sentences: int = 300,
    lexicon: Path | None = None,
    rounds: int = 2,
    report: Path = Path("decoding.json"),
) -> None:
    """Translate with beams of 1 and 5 and print the speeds.

    Parameters
    ----------
    model
        A model file with LSTM layers.
    corpus
        Where the sentences come from, in the forms that `throughtime seq2seq evaluate` reads.
    sentences
        So many of the first are translated.
    lexicon
        As `throughtime seq2seq lexicon` writes it, to measure --shortlist.
    rounds
        The best of so many runs of each counts.
    report
        File for the figures as JSON.
    """
    pairs = list(islice(read_test(corpus, None), sentences))
    lines, references = [pair.src for pair in pairs], [pair.tgt for pair in pairs]
    print(f"{len(lines):,} sentences; torch {torch.__version__}, {torch.get_num_threads()} threads")
    table = Table("beam", "", *FIGURES)
    figures: dict[str, dict[str, float]] = {}
    for width in (1, 5):
        found = timed(ways_of(model, lines, width, lexicon), rounds)
        ours, mine = found["ours"]
        for name, (seconds, texts) in found.items():
            same = sum(map(str.__eq__, mine, texts))
            values = len(lines) / seconds, seconds / ours, quick_bleu(texts, references), same
            figures[f"beam {width}, {name}"] = dict(zip(FIGURES, values, strict=True))
            told = [f"{one:,.{places}f}" for one, places in zip(values, PLACES, strict=True)]
            table.add_row(str(width), name, *told)
    Console().print(table)
    report.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    app()
