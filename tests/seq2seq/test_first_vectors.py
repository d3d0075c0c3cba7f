"""Embeddings that begin with vectors learned elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from throughtime.errors import InputError
from throughtime.seq2seq.config import DataConfig, ModelConfig, TrainConfig, TrainingConfig
from throughtime.seq2seq.first_vectors import begin_with_vectors, freeze, require_vectors
from throughtime.seq2seq.network.model import Translator
from throughtime.text.tokenizer import SPACE, Tokenizers, train_subwords, train_words
from throughtime.words.embed.exchange import write_vectors
from throughtime.words.embed.vectors import WordVectors

MODEL = ModelConfig(embedding_size=3, encoder_size=4, decoder_size=4, tie_embeddings="none")
TEXTS = ["The cat sat .", "The cat ran .", "A cat sat ."]


def vectors(path: Path, **rows: list[float]) -> str:
    write_vectors(WordVectors(list(rows), np.array(list(rows.values()), np.float32)), path)
    return str(path)


@pytest.fixture
def both() -> Tokenizers:
    words = train_words(TEXTS, 20, "en")
    return Tokenizers(words, words)


def translator(both: Tokenizers, config: ModelConfig = MODEL) -> Translator:
    torch.manual_seed(0)
    return Translator(config, both.src.vocab_size, both.tgt.vocab_size)


def row(model: Translator, both: Tokenizers, word: str) -> torch.Tensor:
    (number,) = both.src.encode(word)
    return model.src_embedding.weight[number].detach()


def test_words_begin_with_their_vectors_and_others_with_what_was_drawn(
    both: Tokenizers, tmp_path: Path
) -> None:
    path = vectors(tmp_path / "v", cat=[3, 0, 0], the=[0, 1, 0], dog=[1, 1, 1])
    before, model = translator(both), translator(both)
    told = begin_with_vectors(model, both, DataConfig(src_vectors=path))
    total = both.src.vocab_size - 4
    assert told == [f"source vectors: 2 of {total} ({2 / total:.1%}) begin with those of {path}"]
    cat, the = row(model, both, "cat"), row(model, both, "The")
    torch.testing.assert_close(cat / cat[0], torch.tensor([1.0, 0, 0]))
    torch.testing.assert_close(3 * the[1], cat[0])  # lengths stay to one another as they were
    drawn = before.src_embedding.weight[4:].norm(dim=1).mean()
    torch.testing.assert_close((cat.norm() + the.norm()) / 2, drawn.detach())
    assert torch.equal(row(model, both, "sat"), row(before, both, "sat"))
    assert torch.equal(model.tgt_embedding.weight, before.tgt_embedding.weight)
    assert model.src_embedding.weight.requires_grad and not model.src_embedding.weight[0].any()


def test_subwords_that_begin_a_word_have_its_vector(tmp_path: Path) -> None:
    tokenizer = train_subwords(["the theme there other"] * 50 + ["he hem her them"] * 50, 16, seed=1)
    both = Tokenizers(tokenizer, tokenizer)
    pieces = tokenizer.names(range(tokenizer.vocab_size))
    chosen = next(piece for piece in pieces[4:] if piece.startswith(SPACE) and len(piece) > 1)
    inner = next(piece for piece in pieces[4:] if not piece.startswith(SPACE))
    path = vectors(tmp_path / "v", **{chosen[1:]: [1, 2, 2], inner: [5, 5, 5]})
    model = translator(both)
    before = model.src_embedding.weight.detach().clone()
    begin_with_vectors(model, both, DataConfig(src_vectors=path))
    changed = (model.src_embedding.weight.detach() != before).any(1).nonzero().flatten().tolist()
    assert [pieces[k] for k in changed] == [piece for piece in pieces if piece == chosen]


def test_frozen_vectors_are_not_trained(both: Tokenizers, tmp_path: Path) -> None:
    config = DataConfig(tgt_vectors=vectors(tmp_path / "v", cat=[1, 2, 3]), freeze_vectors=True)
    model = translator(both)
    (told,) = begin_with_vectors(model, both, config)
    assert told.startswith("target vectors: 1 of ") and told.endswith("; all are frozen")
    assert not model.tgt_embedding.weight.requires_grad
    assert model.src_embedding.weight.requires_grad


def test_frozen_ones_are_frozen_again_without_their_files(both: Tokenizers) -> None:
    model = translator(both)
    freeze(model, DataConfig(src_vectors="gone", freeze_vectors=True))
    assert not model.src_embedding.weight.requires_grad
    assert model.tgt_embedding.weight.requires_grad
    freeze(model, DataConfig(src_vectors="gone"))
    assert model.src_embedding.weight.requires_grad


def test_vectors_of_another_size(both: Tokenizers, tmp_path: Path) -> None:
    two = DataConfig(src_vectors=vectors(tmp_path / "2", cat=[1, 2]))
    with pytest.raises(InputError, match="vectors of 2 numbers, but embedding_size is 3; expected as many"):
        begin_with_vectors(translator(both), both, two)


def test_what_does_not_go_together(tmp_path: Path) -> None:
    path = vectors(tmp_path / "3", cat=[1, 2, 3])
    frozen = dict(freeze_vectors=True)
    for tied, data, told in (
        ("all", DataConfig(tgt_vectors=path), "both languages share their vectors"),
        ("all", DataConfig(src_vectors=path, **frozen), "would freeze the output layer too"),
        ("output", DataConfig(tgt_vectors=path, **frozen), "would freeze the output layer too"),
        (
            "none",
            DataConfig(src_vectors=f"{path}x"),
            "3x does not exist; expected a file of word vectors",
        ),
        ("none", DataConfig(tgt_vectors="."), r"^\. is a directory; expected a file of word vectors"),
    ):
        config = TrainConfig(data, replace(MODEL, tie_embeddings=tied), TrainingConfig())
        with pytest.raises(InputError, match=told):
            require_vectors(config)
    require_vectors(TrainConfig(DataConfig(src_vectors=path), MODEL, TrainingConfig()))
    with pytest.raises(InputError, match="freeze_vectors is given, but no vectors"):
        DataConfig(freeze_vectors=True)
