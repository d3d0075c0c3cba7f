"""What the trainer needs to know of translation: the batches, the loss, and how a model is judged."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from throughtime.measure.text_scores import accuracy, quick_bleu
from throughtime.seq2seq.config import METRICS, SearchConfig, TrainConfig
from throughtime.seq2seq.data.batches import Batch, Side, make_batch, plan_batches
from throughtime.seq2seq.floor import floor_of
from throughtime.seq2seq.model_file import save_model
from throughtime.seq2seq.network.model import Translator
from throughtime.seq2seq.network.stepper import stepper
from throughtime.seq2seq.pipeline import Pipeline, decoder_of, longest_line
from throughtime.text.pair_corpus import EncodedCorpus, TextCorpus
from throughtime.text.subword_dropout import SubwordDropout
from throughtime.text.tokenizer import Tokenizers
from throughtime.training.task import Floor, Loss

VALIDATED_SENTENCES = 1000
"""Sentences translated greedily for the BLEU of a validation; its loss is of the whole set."""

GREEDY = SearchConfig(search="greedy")


@dataclass(frozen=True)
class Cutting:
    """How the two sides of an epoch's pairs are cut otherwise than the corpus has them."""

    src: SubwordDropout
    tgt: SubwordDropout
    seed: tuple[int, int]

    def change(self, number: int, src: Side, tgt: Side) -> tuple[Side, Side]:
        """The two sides of batch `number`, the same whenever it is asked for."""
        generator = np.random.default_rng([*self.seed, number])
        return self.src(*src, generator), self.tgt(*tgt, generator)


@dataclass(frozen=True)
class Epoch:
    """The batches of one epoch, made from the corpus one at a time."""

    corpus: EncodedCorpus
    plan: Sequence[NDArray[np.int64]]
    cutting: Cutting | None = None

    def __len__(self) -> int:
        return len(self.plan)

    def __getitem__(self, number: int) -> Batch:
        change = partial(self.cutting.change, number) if self.cutting else None
        return make_batch(self.corpus, self.plan[number], change)

    def __iter__(self) -> Iterator[Batch]:
        return map(self.__getitem__, range(len(self)))


@dataclass(frozen=True)
class Sets:
    """The encoded corpora to train and validate on, and the text of the latter."""

    train: EncodedCorpus
    validation: EncodedCorpus
    validation_text: TextCorpus


class TranslationTask:
    """Trains a translator on `sets`; BLEU of a validation is that of greedy search, cased and detokenised."""

    def __init__(self, config: TrainConfig, tokenizers: Tokenizers, sets: Sets) -> None:
        self.config, self.tokenizers, self.sets = config, tokenizers, sets
        torch.manual_seed(config.training.seed)
        self.translator = Translator(config.model, tokenizers.src.vocab_size, tokenizers.tgt.vocab_size)

    unit = "words"
    metrics = METRICS

    @property
    def module(self) -> nn.Module:
        return self.translator

    def batches(self, epoch: int) -> Epoch:
        return self._epoch(self.sets.train, epoch, self._cutting(epoch))

    def loss(self, module: nn.Module, batch: Batch) -> Loss:
        total, tokens = module(batch)
        of = tokens if self.config.model.loss_mean == "token" else len(batch.src_lengths)
        return Loss(total, of, tokens)

    def validate(self) -> dict[str, float]:
        with torch.no_grad():
            batches = self._epoch(self.sets.validation, 0)
            losses = [self.translator(batch.to(self._device)) for batch in batches]
        loss = sum(float(loss.total) for loss in losses) / sum(loss.tokens for loss in losses)
        return {"loss": loss, "perplexity": math.exp(min(loss, 100.0)), **self._scores()}

    def floor(self) -> Floor:
        words, (_, references) = self.tokenizers.tgt.vocab_size, self._judged
        return floor_of(self.sets.train, self.sets.validation, words, references)

    def save_model(self, path: Path, weights: Mapping[str, Tensor]) -> None:
        about = {"data": asdict(self.config.data), "training": asdict(self.config.training)}
        save_model(path, self.config.model, weights, self.tokenizers, about)

    @property
    def _device(self) -> torch.device:
        return self.translator.tgt_embedding.weight.device  # the trainer moves the model

    @cached_property
    def _judged(self) -> tuple[list[str], list[str]]:
        text = self.sets.validation_text
        pairs = [text[k] for k in range(min(len(text), VALIDATED_SENTENCES))]
        return [pair.src for pair in pairs], [pair.tgt for pair in pairs]

    def _scores(self) -> dict[str, float]:
        sources, references = self._judged
        pipeline = Pipeline(
            stepper(self.translator),
            self.tokenizers,
            decoder_of(GREEDY),
            device=self._device,
            longest=longest_line([self.config.data]),
        )
        texts = list(pipeline.texts(sources))
        found = {"bleu": quick_bleu(texts, references)}
        if self.config.training.best_by == "accuracy":
            found["accuracy"] = accuracy(texts, references)
        return found

    @cached_property
    def _dropouts(self) -> tuple[SubwordDropout, SubwordDropout]:
        probability, both = self.config.data.subword_dropout, self.tokenizers
        src = SubwordDropout(both.src, probability)
        return src, src if both.src is both.tgt else SubwordDropout(both.tgt, probability)

    def _cutting(self, epoch: int) -> Cutting | None:
        if not self.config.data.subword_dropout:
            return None
        return Cutting(*self._dropouts, (self.config.training.seed, epoch))

    def _epoch(self, corpus: EncodedCorpus, epoch: int, cutting: Cutting | None = None) -> Epoch:
        data, seed = self.config.data, self.config.training.seed
        most = data.tokens_per_batch, data.sentences_per_batch or None
        plan = plan_batches(corpus.src_lengths, corpus.tgt_lengths, most[0], seed, epoch, most[1])
        return Epoch(corpus, plan, cutting)
