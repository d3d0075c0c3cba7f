"""Translators, batches and tokenizers small enough to check by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

from throughtime.layers.special_ids import BOS_ID, EOS_ID
from throughtime.seq2seq.config import ModelConfig
from throughtime.seq2seq.data import prepare
from throughtime.seq2seq.data.batches import Batch
from throughtime.seq2seq.model_file import save_model
from throughtime.seq2seq.network.model import Translator
from throughtime.text.tokenizer import Tokenizers, Words

IdPairs = Sequence[tuple[Sequence[int], Sequence[int]]]
VOCAB_SIZE = 9
LETTERS = list("abcdefgh")


@pytest.fixture
def tiny_config() -> Callable[..., ModelConfig]:
    """The plain form without dropout or smoothing, few units, all widths different, changed as asked."""

    def make(**changes: Any) -> ModelConfig:
        plain = dict(
            embedding_size=5,
            encoder_size=4,
            bidirectional=False,
            decoder_size=6,
            attention="none",
            tie_embeddings="none",
            dropout=0.0,
            label_smoothing=0.0,
            initialiser="torch",
        )
        return ModelConfig(**{**plain, **changes})

    return make


@pytest.fixture
def tiny_translator(tiny_config: Callable[..., ModelConfig]) -> Callable[..., Translator]:
    """A translator in float64 between vocabularies of VOCAB_SIZE, every weight drawn from (-0.8, 0.8)."""

    def make(**changes: Any) -> Translator:
        torch.manual_seed(5)
        model = Translator(tiny_config(**changes), VOCAB_SIZE, VOCAB_SIZE).double()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.uniform_(-0.8, 0.8)
        return model

    return make


@pytest.fixture
def batch_of() -> Callable[[IdPairs], Batch]:
    """A batch of pairs of ids, given without bos and eos."""

    def make(pairs: IdPairs) -> Batch:
        sources = [torch.tensor([*src, EOS_ID]) for src, _ in pairs]
        targets = [torch.tensor([*tgt, EOS_ID]) for _, tgt in pairs]
        inputs = [torch.tensor([BOS_ID, *tgt]) for _, tgt in pairs]
        return Batch(
            src=pad_sequence(sources, batch_first=True),
            src_lengths=torch.tensor([len(row) for row in sources]),
            tgt_in=pad_sequence(inputs, batch_first=True),
            tgt_out=pad_sequence(targets, batch_first=True),
            tgt_lengths=torch.tensor([len(row) for row in targets]),
        )

    return make


@pytest.fixture
def letters() -> Tokenizers:
    """One vocabulary of the letters a to h for both sides."""
    both = Words(LETTERS, "en")
    return Tokenizers(both, both)


@pytest.fixture
def letter_model(letters: Tokenizers, tiny_config: Callable[..., ModelConfig]) -> Callable[..., Translator]:
    """An untrained translator of letters, in float32 as files hold; its large weights make it eloquent."""

    def make(seed: int = 0, **changes: Any) -> Translator:
        shape = dict(attention="dot", embedding_size=16, encoder_size=6, tie_embeddings="all")
        config = tiny_config(**{**shape, **changes})
        size = letters.tgt.vocab_size
        torch.manual_seed(seed)
        model = Translator(config, size, size)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.uniform_(-2, 2)
            model.output.bias[EOS_ID] += 1.5
        return model.eval()

    return make


@pytest.fixture
def saved_letters(letters: Tokenizers, letter_model: Callable[..., Translator]) -> Callable[..., Path]:
    """An untrained translator of letters as a model file at `path`."""

    def make(path: Path, seed: int = 0, tokenizers: Tokenizers = letters, **changes: Any) -> Path:
        model = letter_model(seed, **changes)
        save_model(path, model.config, model.state_dict(), tokenizers, {"seed": seed})
        return path

    return make


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders into which a corpus was read."""
    found: list[Path] = []
    read = prepare.build_text_corpus

    def noted(pairs: Any, folder: Path, cleaning: Any) -> Any:
        found.append(folder)
        return read(pairs, folder, cleaning)

    monkeypatch.setattr(prepare, "build_text_corpus", noted)
    return found
