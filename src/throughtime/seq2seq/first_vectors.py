"""Word vectors, learned elsewhere, that a translator's embeddings begin with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from throughtime.errors import InputError
from throughtime.layers.special_ids import SPECIALS
from throughtime.seq2seq.config import DataConfig, TrainConfig
from throughtime.seq2seq.network.model import Translator
from throughtime.text.tokenizer import SPACE, Tokenizer, Tokenizers

if TYPE_CHECKING:
    from throughtime.words.embed.vectors import WordVectors


def require_vectors(config: TrainConfig) -> None:
    """Raise InputError for a file of vectors that is not there and for settings that do not go together.

    These are a second file where both languages share their vectors, and frozen ones that the output layer
    shares.
    """
    data, tied = config.data, config.model.tie_embeddings
    if data.tgt_vectors and tied == "all":
        raise InputError(
            f"tgt_vectors is {data.tgt_vectors}, but both languages share their vectors; expected "
            "src_vectors alone, or tie_embeddings none"
        )
    if data.freeze_vectors and (tied == "all" or (tied == "output" and data.tgt_vectors)):
        raise InputError("freeze_vectors would freeze the output layer too; expected tie_embeddings none")
    if paths := [path for path in (data.src_vectors, data.tgt_vectors) if path]:
        from throughtime.words.embed.exchange import (
            require_file,  # needs an extra, which other runs do without
        )

        for path in paths:
            require_file(path)


def begin_with_vectors(translator: Translator, tokenizers: Tokenizers, config: DataConfig) -> list[str]:
    """Put the vectors of the files that `config` names into the embeddings; say how many there were.

    Of subwords, those that begin a word have the vector of the word that they spell. A word has that of its
    form in small letters where it has none itself; the others keep what was drawn. All are scaled alike, so
    that their mean length is that of the drawn ones. Raises InputError for vectors of another size.
    """
    freeze(translator, config)
    tokenizer = {"source": tokenizers.src, "target": tokenizers.tgt}
    return [_begin(side, tokenizer[side.name], config.freeze_vectors) for side in _sides(translator, config)]


def freeze(translator: Translator, config: DataConfig) -> None:
    """Leave the embeddings that began with vectors as they are, where `config` has it so."""
    for side in _sides(translator, config):
        side.embedding.weight.requires_grad_(not config.freeze_vectors)


class _Side(NamedTuple):
    name: str
    path: str
    embedding: nn.Embedding


def _sides(translator: Translator, config: DataConfig) -> Iterator[_Side]:
    """Those that begin with vectors."""
    if config.src_vectors:
        yield _Side("source", config.src_vectors, translator.src_embedding)
    if config.tgt_vectors:
        yield _Side("target", config.tgt_vectors, translator.tgt_embedding)


def _begin(side: _Side, tokenizer: Tokenizer, frozen: bool) -> str:
    from throughtime.words.embed.exchange import read_vectors

    path, embedding = side.path, side.embedding
    vectors = read_vectors(path)
    if vectors.size != embedding.embedding_dim:
        raise InputError(
            f"{path} has vectors of {vectors.size} numbers, but embedding_size is {embedding.embedding_dim}; "
            "expected as many"
        )
    words = _words(tokenizer)
    rows = vectors.matrix_for([_form(word, vectors) for word in words])
    found = np.flatnonzero((rows.known | rows.composed) & np.array([bool(word) for word in words]))
    with torch.no_grad():
        drawn = embedding.weight[len(SPECIALS) :].norm(dim=1).mean()
        embedding.weight[found] = torch.from_numpy(_of_length(float(drawn), rows.matrix[found]))
    total = tokenizer.vocab_size - len(SPECIALS)
    return (
        f"{side.name} vectors: {len(found):,} of {total:,} ({len(found) / total:.1%}) begin with those of "
        f"{path}" + ("; all are frozen" if frozen else "")
    )


def _words(tokenizer: Tokenizer) -> list[str]:
    """The word that each id spells; nothing for what spells none."""
    names = tokenizer.names(range(tokenizer.vocab_size))
    own = ["" for _ in SPECIALS]
    if tokenizer.kind == "words":
        return own + names[len(SPECIALS) :]
    return own + [name[len(SPACE) :] if name.startswith(SPACE) else "" for name in names[len(SPECIALS) :]]


def _form(word: str, vectors: WordVectors) -> str:
    return word if word in vectors else word.lower()


def _of_length(length: float, rows: NDArray[np.float32]) -> NDArray[np.float32]:
    mean = float(np.linalg.norm(rows, axis=1).mean()) if len(rows) else 0.0
    return rows * np.float32(length / mean) if mean else rows
