"""Claim: a recurrent classifier learns 2.5 times as many texts a second as one made with torch.nn, or more.

One model, that of `throughtime words classify train`, takes optimiser steps on batches of the film reviews
and of the text messages: forward, backward, update. Each batch is taken in turn, first by another each time,
by the same network with nn.LSTM (or nn.GRU) on packed sequences, and by ours. Told are medians over the
batches. Data are looked for in the folder that THROUGHTIME_DATA names, or in ../shared/data.

    python benchmarks/classification.py                  writes classification.json
    python benchmarks/classification.py --cell gru --pooling last --no-bidirectional --steps 60
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterator
from copy import deepcopy
from itertools import chain, count, islice
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from cyclopts import App, Parameter
from data import movie_reviews, sms_spam
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from throughtime.files.documents import read_documents
from throughtime.words.classify.batches import Encoded, plan
from throughtime.words.classify.config import ClassifyConfig, NetworkConfig
from throughtime.words.classify.labelled import labelled
from throughtime.words.classify.network import TextNetwork, Texts
from throughtime.words.classify.recurrent import RecurrentClassifier, untrained

CLAIMED_RATIO = 2.5
CORPORA = {"film reviews": movie_reviews, "text messages": sms_spam}

app = App(help=__doc__, help_format="plaintext")


class Packed(nn.Module):
    """torch's layer on padded batches, by packed sequences."""

    def __init__(self, layer: nn.RNNBase) -> None:
        super().__init__()
        self.layer = layer
        self.num_directions = 2 if layer.bidirectional else 1

    def forward(self, input: Tensor, lengths: Tensor) -> tuple[Tensor, Any]:
        """Return what ours returns."""
        packed = pack_padded_sequence(input, lengths, batch_first=True, enforce_sorted=False)
        output, state = self.layer(packed)
        return pad_packed_sequence(output, batch_first=True)[0], state


def written(network: TextNetwork) -> TextNetwork:
    """The same network as one writes it with torch.nn, with the same weights."""
    other, ours = deepcopy(network), network.recurrence
    kind = {"lstm": nn.LSTM, "gru": nn.GRU}[network.cell]
    layer = kind(
        ours.input_size,
        ours.hidden_size,
        ours.num_layers,
        batch_first=True,
        dropout=ours.dropout,
        bidirectional=ours.bidirectional,
    )
    layer.load_state_dict(ours.state_dict())
    other.recurrence = Packed(layer)  # pyright: ignore[reportAttributeAccessIssue]
    return other


def batches(encoded: Encoded, together: int, seed: int) -> Iterator[Texts]:
    """Batches as training makes them, epoch after epoch."""
    draws = (np.random.default_rng([seed, epoch]) for epoch in count())
    plans = (plan(encoded.lengths, together, draw) for draw in draws)
    return map(encoded.texts, chain.from_iterable(plans))


def step_times(network: TextNetwork, given: list[Texts]) -> dict[str, list[float]]:
    """Seconds that each takes for an optimiser step on each batch; the first batch warms up."""
    both = {"torch": written(network).train(), "ours": network.train()}
    optimisers = {name: torch.optim.Adam(one.parameters(), 0.002, fused=True) for name, one in both.items()}
    times: dict[str, list[float]] = {name: [] for name in both}
    for number, batch in enumerate(given):
        for name in list(both)[:: 1 if number % 2 else -1]:
            start = time.perf_counter()
            cross_entropy(both[name](batch), batch.labels).backward()
            optimisers[name].step()
            optimisers[name].zero_grad()
            times[name].append(time.perf_counter() - start)
    return {name: values[1:] for name, values in times.items()}


def measured(name: str, cell: str, config: NetworkConfig, steps: int, seed: int) -> dict[str, float]:
    """Texts a second of both, on one corpus."""
    data = labelled(read_documents(CORPORA[name]()))
    torch.manual_seed(seed)
    one: RecurrentClassifier = untrained(cell, ClassifyConfig(network=config), data)
    given = list(islice(batches(one.encoded(data), config.texts_per_batch, seed), steps + 1))
    seconds = {who: statistics.median(values) for who, values in step_times(one.network, given).items()}
    speeds = {who: config.texts_per_batch / value for who, value in seconds.items()}
    words = statistics.mean(batch.words for batch in given) / config.texts_per_batch
    return {"words a text": words, **speeds, "ratio": speeds["ours"] / speeds["torch"]}


@app.default
def main(
    *,
    cell: Literal["lstm", "gru"] = "lstm",
    network: Annotated[NetworkConfig, Parameter(name="*")] = NetworkConfig(),  # noqa: B008
    steps: int = 40,
    seed: int = 1,
    output: Path = Path("classification.json"),
) -> int:
    """Measure on both corpora, print a table, write a JSON; 1 if the claim does not hold."""
    table = Table("", title="texts a second", title_justify="left")
    for heading in ("words a text", f"nn.{cell.upper()}, packed", "ours", "ratio"):
        table.add_column(heading, justify="right")
    found = {name: measured(name, cell, network, steps, seed) for name in CORPORA}
    for name, one in found.items():
        figures = f"{one['words a text']:.0f}", f"{one['torch']:.1f}", f"{one['ours']:.1f}"
        table.add_row(name, *figures, f"{one['ratio']:.2f}")
    Console().print(table)
    output.write_text(json.dumps(found, indent=2) + "\n")
    return int(any(one["ratio"] < CLAIMED_RATIO for one in found.values()))


if __name__ == "__main__":
    sys.exit(app())
