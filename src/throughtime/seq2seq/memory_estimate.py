"""The memory that training a translator needs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from throughtime.application.memory_estimate import (
    COPIES,
    NUMBER,
    MemoryEstimate,
    activations,
    free_memory,
    parts_of_training,
)
from throughtime.application.processes import processes, processes_here
from throughtime.engine.native import native
from throughtime.layers.output import ROWS_AT_ONCE
from throughtime.seq2seq.config import ModelConfig, TrainConfig
from throughtime.seq2seq.data.prepare import Prepared
from throughtime.seq2seq.network.model import Translator

ADVICE = "a smaller tokens_per_batch, vocabulary or network, or output chunked, needs less"


def memory_of_training(config: TrainConfig, prepared: Prepared) -> MemoryEstimate:
    """Return the memory of training on a corpus, by the processes that torchrun started."""
    src_lengths, tgt_lengths = prepared.train.src_lengths, prepared.train.tgt_lengths
    return memory_estimate(
        config,
        (prepared.tokenizers.src.vocab_size, prepared.tokenizers.tgt.vocab_size),
        longest=int(src_lengths.max()),
        all_tokens=int(np.maximum(src_lengths, tgt_lengths).sum()),
        processes=processes(),
        processes_here=processes_here(),
    )


def memory_estimate(
    config: TrainConfig,
    words: tuple[int, int],
    longest: int,
    all_tokens: int,
    processes: int = 1,
    processes_here: int = 1,
) -> MemoryEstimate:
    """The memory of training with a source and a target vocabulary of these sizes.

    longest: tokens of the longest source. all_tokens: those of the corpus, of each pair's longer side.
    processes: of the run, which exchange gradients; processes_here: those that share this machine's memory;
    the sum is of each.
    """
    src_words, tgt_words = words
    with torch.device("meta"):  # shapes alone; drawing weights by the simplest rule, it takes no time
        simplest = replace(config.model, initialiser="sutskever2014")
        translator = Translator(simplest, src_words, tgt_words)
    weights = NUMBER * sum(parameter.numel() for parameter in translator.parameters())
    passes = 2 if config.model.consistency else 1
    whole = min(config.data.tokens_per_batch, all_tokens)
    tokens = round(passes * whole * (1 + config.data.subword_dropout))  # each subword cut makes one more
    layers = sum(activations(layer) for layer in (translator.encoder, translator.decoder))
    vectors = 2 * config.model.embedding_size
    halved = config.training.precision != "32-true"
    looking = _looking(config.model, longest, translator.head.width, halved)
    batch = NUMBER * tokens * (layers + COPIES * (vectors + looking))
    parts = {
        **parts_of_training(weights, config.training, processes),
        "recurrences and attention": batch,
        "output layer": _output(config.model, tokens, translator.head.width, tgt_words, halved),
    }
    return MemoryEstimate(parts, free_memory(), processes_here, ADVICE)


def _looking(model: ModelConfig, longest: int, width: int, halved: bool) -> int:
    """Numbers that attention makes of one output for the positions of the longest source, and of all.

    halved: products are in half precision, and so by torch's operations, not the engine's.
    """
    if model.attention == "none":
        return 0
    by_engine = native is not None and not halved and not model.coverage  # it keeps no hidden layer
    hidden = model.decoder_size if model.attention == "mlp" and not by_engine else 0
    return longest * (1 + hidden + model.coverage + model.copying) + 2 * width


def _output(model: ModelConfig, tokens: int, width: int, words: int, halved: bool) -> int:
    at_once = halved and not model.copying  # what halves products takes a chunked layer's rows all together
    kind = "full" if model.output == "chunked" and at_once else model.output
    chunk = min(tokens, ROWS_AT_ONCE) * words * (COPIES if model.copying else 1)
    scores = {
        "full": tokens * words * COPIES,
        "chunked": chunk + 2 * words * width,  # and weights, packed both ways
        "sampled": tokens * min(model.sampled_words, words) * COPIES + 2 * model.sampled_words * width,
        "adaptive": tokens * words * COPIES // 4,
    }[kind]
    return NUMBER * (scores + COPIES * tokens * width)
