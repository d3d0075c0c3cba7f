"""A lexicon learned from pairs, by aligning their words."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from throughtime.errors import InputError
from throughtime.files.pairs import Pair
from throughtime.seq2seq.config import DataConfig
from throughtime.seq2seq.data.prepare import cleaning_of, most_tokens
from throughtime.text.alignment import learn_alignment
from throughtime.text.lexicon import Lexicon
from throughtime.text.pair_corpus import EncodedCorpus, build_text_corpus, encode_corpus
from throughtime.text.tokenizer import Tokenizers


def learn(corpus: EncodedCorpus, tgt_words: int, best: int) -> Lexicon:
    """Return the `best` most probable target ids of each source id, from aligning the corpus.

    tgt_words: size of the target's vocabulary. The end of a sentence is not among them.
    """
    alignment = learn_alignment(corpus, tgt_words)
    sources, targets = np.divmod(alignment.couples, tgt_words)
    order = np.lexsort((-alignment.chances, sources))
    lexicon: dict[int, list[tuple[int, float]]] = {}
    columns = (column[order].tolist() for column in (sources, targets, alignment.chances))
    for src, tgt, chance in zip(*columns, strict=True):
        if len(own := lexicon.setdefault(src, [])) < best:
            own.append((tgt, chance))
    return lexicon


def lexicon_of(pairs: Iterable[Pair], both: Tokenizers, data: DataConfig, best: int) -> Lexicon:
    """Return the same for pairs of text, cleaned by the settings of training.

    Raises InputError if no pair is usable, and for `best` under 1.
    """
    if best < 1:
        raise InputError(f"best is {best}; expected at least 1")
    with TemporaryDirectory() as place:
        folder = Path(place)
        text, _ = build_text_corpus(pairs, folder, cleaning_of(data))
        encoded = encode_corpus(text, both.src, both.tgt, folder, most_tokens(data))
        return learn(encoded, both.tgt.vocab_size, best)
