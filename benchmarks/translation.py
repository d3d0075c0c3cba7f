"""How many words a second translation learns: as one writes it with torch.nn, and by ours.

One model, that of `throughtime seq2seq train`, takes optimiser steps on batches of Multi30k, English to
French: forward, backward, clipping, update, as in training. Each batch is taken in turn, first by another
each time, by nn.LSTM, the same network of nn.LSTM on packed sequences with a decoder over whole sequences and
torch's cross-entropy; and by ours with each back-end. Told are medians over the batches: target tokens a
second, and tokens of both sides. Multi30k is looked for in the folder that THROUGHTIME_DATA names, or in
../shared/data.

    python benchmarks/translation.py                  writes translation.json
    python benchmarks/translation.py --batch 32 --cell gru --attention none --steps 100
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace
from itertools import chain, count, islice
from pathlib import Path
from typing import Annotated, Any

import torch
from cyclopts import App, Parameter
from data import multi30k
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from throughtime.files.pairs import read_pairs
from throughtime.layers import Recurrent
from throughtime.layers.attention import Perceptron
from throughtime.seq2seq.config import DataConfig, ModelConfig, TrainConfig, TrainingConfig
from throughtime.seq2seq.data.batches import Batch, make_batch, plan_batches
from throughtime.seq2seq.data.prepare import prepare, write_tsv
from throughtime.seq2seq.network.model import Translator
from throughtime.seq2seq.task import Sets, TranslationTask
from throughtime.text.pair_corpus import EncodedCorpus
from throughtime.training.step import Group, Stepper

VALIDATION = 100
"""Pairs held out because preparation asks for some; nothing is done with them."""

app = App(help=__doc__, help_format="plaintext")


def prepared_task(model: ModelConfig, pairs: int, vocabulary: int, folder: Path) -> TranslationTask:
    """The model, and the first pairs of Multi30k in subwords, as training prepares them."""
    corpus = folder / "corpus.tsv"
    write_tsv(read_pairs(multi30k("train"), limit=pairs), corpus)
    data = DataConfig((str(corpus),), validation_size=VALIDATION, src_vocab_size=vocabulary)
    config = TrainConfig(data, model, TrainingConfig())
    made = prepare(data, folder)
    return TranslationTask(config, made.tokenizers, Sets(made.train, made.validation, made.texts.validation))


def batches(corpus: EncodedCorpus, size: int, seed: int) -> Iterator[Batch]:
    """Batches of at most so many pairs, epoch after epoch."""
    longest = int(max(corpus.src_lengths.max(), corpus.tgt_lengths.max()))
    lengths = corpus.src_lengths, corpus.tgt_lengths
    plans = (plan_batches(*lengths, size * longest, seed, epoch, max_sentences=size) for epoch in count())
    return (make_batch(corpus, indices) for indices in chain.from_iterable(plans))


BY_TORCH = "nn.LSTM"


class Packed(nn.LSTM):
    """torch's layer on padded batches, by packed sequences where there are lengths."""

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, input: Tensor, hx: Any = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, Any]:
        if lengths is None:
            return super().forward(input, hx)
        packed = pack_padded_sequence(input, lengths, batch_first=True, enforce_sorted=False)
        output, state = super().forward(packed, hx)  # pyright: ignore
        return pad_packed_sequence(output, batch_first=True)[0], state


class Broadcast(Perceptron):
    """Additive attention as one writes it with torch.nn."""

    def forward(self, outputs: Tensor, keys: Tensor) -> Tensor:
        hidden = torch.tanh(self.query(outputs)[:, :, None] + keys[:, None])
        return self.energy(hidden).squeeze(-1)


class Written(Translator):
    """The model as one writes it with torch.nn."""

    def __init__(self, config: ModelConfig, src_vocab_size: int, tgt_vocab_size: int) -> None:
        super().__init__(replace(config, output="full"), src_vocab_size, tgt_vocab_size)
        if config.attention == "mlp":
            widths = self.decoder.output_size, self.encoder.output_size
            self.head.score = Broadcast(*widths)  # pyright: ignore[reportAttributeAccessIssue]
        self.encoder, self.decoder = (  # pyright: ignore[reportAttributeAccessIssue]
            Packed(
                one.input_size,
                one.hidden_size,
                one.num_layers,
                batch_first=True,
                dropout=one.dropout,
                bidirectional=one.bidirectional,
            )
            for one in (self.encoder, self.decoder)
        )


def written(task: TranslationTask) -> TranslationTask:
    """The same task for the network of torch.nn, with the same weights."""
    other, both = copy(task), task.tokenizers
    other.translator = Written(task.config.model, both.src.vocab_size, both.tgt.vocab_size)
    other.translator.load_state_dict(task.translator.state_dict())
    return other


def run_by(backend: str, task: TranslationTask) -> None:
    """Has every recurrent layer of the model run by that back-end."""
    for layer in task.module.modules():
        if isinstance(layer, Recurrent):
            layer.backend = backend


def step_times(
    task: TranslationTask, backends: Sequence[str], given: Sequence[Batch]
) -> dict[str, list[float]]:
    """Seconds that each takes for an optimiser step on each batch; the first batch warms up."""
    training = task.config.training
    ours, theirs = (
        Stepper(one, training, Fabric(accelerator="cpu", devices=1)) for one in (task, written(task))
    )
    for one in (ours, theirs):
        one.module.train()
    times: dict[str, list[float]] = {name: [] for name in backends}
    for k, batch in enumerate(given):
        turn = k % len(backends)
        for name in (*backends[turn:], *backends[:turn]):
            if name != BY_TORCH:
                run_by(name, task)
            start = time.perf_counter()
            (theirs if name == BY_TORCH else ours).step(Group([batch], range(1)), training.learning_rate)
            times[name].append(time.perf_counter() - start)
    return {name: values[1:] for name, values in times.items()}


def speeds(given: Sequence[Batch], seconds: Sequence[float]) -> dict[str, float]:
    """Medians over batches: tokens a second, of the target and of both sides, and milliseconds a step."""
    pairs = list(zip(given, seconds, strict=True))
    return {
        "target tokens/s": statistics.median(batch.tgt_tokens / one for batch, one in pairs),
        "source and target tokens/s": statistics.median(batch.words / one for batch, one in pairs),
        "ms/step": 1000 * statistics.median(seconds),
    }


def compared(found: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """The same with the ratio of each back-end's target tokens a second by the first's."""
    what = "target tokens/s"
    first = next(iter(found.values()))[what]
    return {name: {**figures, "ratio": figures[what] / first} for name, figures in found.items()}


@app.default
def main(
    *,
    steps: int = 60,
    batch: int = 64,
    pairs: int = 10_000,
    vocabulary: int = 8000,
    backends: tuple[str, ...] = (BY_TORCH, "torch", "compiled"),
    report: Path = Path("translation.json"),
    model: Annotated[ModelConfig, Parameter(name="*", group="Network")] = ModelConfig(),
) -> None:
    """Take so many steps by each back-end and print its speed.

    Parameters
    ----------
    steps
        Batches that are measured by each back-end; one more warms up.
    batch
        Pairs in a batch, at most: sentences of like length go together.
    pairs
        Pairs of Multi30k to learn the vocabulary from and to make batches of.
    vocabulary
        Subwords, shared by both languages.
    backends
        nn.LSTM, the network of torch.nn; else who runs our recurrent layers. The others are compared with
        the first.
    report
        File for the figures as JSON.
    """
    with tempfile.TemporaryDirectory() as folder:
        task = prepared_task(model, pairs, vocabulary, Path(folder))
        given = list(islice(batches(task.sets.train, batch, task.config.training.seed), steps + 1))
    times = step_times(task, backends, given)
    found = compared({name: speeds(given[1:], seconds) for name, seconds in times.items()})
    parameters = sum(one.numel() for one in task.module.parameters())
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; {parameters:,} parameters")
    print(f"{steps} steps of at most {batch} pairs; ratios: target tokens a second by those of {backends[0]}")
    for name, figures in found.items():
        print(f"  {name:<9}  {'  '.join(f'{what} {value:,.2f}' for what, value in figures.items())}")
    report.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    app()
