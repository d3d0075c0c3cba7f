"""Output formats of translations: plain text, Moses' n-best lists, or JSON with all search results."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from throughtime.layers.special_ids import EOS_ID
from throughtime.seq2seq.config import Format
from throughtime.seq2seq.measure.n_best import n_best_line
from throughtime.seq2seq.pipeline import Candidate, Pipeline
from throughtime.text.tokenizer import Tokenizer

Writer = Callable[[int, str, Sequence[Candidate]], list[str]]
"""From the number of a line, from 0, the line and its candidates to the lines to print for it."""


def writer_of(kind: Format, pipeline: Pipeline, n_best: int) -> Writer:
    """Return the writer of a format; text is only the best translation or, with `n_best` over 1, `ranked`."""
    match kind:
        case "text":
            return lambda _, __, candidates: ranked(candidates) if n_best > 1 else [candidates[0].text]
        case "moses":
            return lambda number, _, candidates: [
                moses(pipeline, number, candidate) for candidate in candidates
            ]
        case "jsonl":
            return lambda number, line, candidates: [as_json(pipeline, number, line, candidates)]


def ranked(candidates: Sequence[Candidate]) -> list[str]:
    """Return candidates as tab-separated rank, score and text."""
    return [
        f"{rank}\t{candidate.score:.4f}\t{candidate.text}" for rank, candidate in enumerate(candidates, 1)
    ]


def moses(pipeline: Pipeline, number: int, candidate: Candidate) -> str:
    """Return a candidate as in Moses' n-best lists: line ||| text ||| features ||| score ||| alignment.

    The only feature is LogProbability. The alignment has a pair of numbers, from 0, for each word of the
    translation and each source word with the most attention when a piece of it was written. Words are
    separated by white space. The alignment is empty without attention.
    """
    pairs = " ".join(f"{src}-{tgt}" for src, tgt in alignment(pipeline, candidate))
    feature = f"LogProbability= {candidate.log_probability:.4f}"
    return n_best_line(number, candidate.text, feature, candidate.score, pairs)


def as_json(pipeline: Pipeline, number: int, line: str, candidates: Sequence[Candidate]) -> str:
    """Return a line and its candidates as one JSON object.

    source_tokens has an </s> at the end of each piece that was translated separately. `looked` has for each
    of a candidate's tokens the index, from 0, of the source token with the most attention, and is empty
    without attention. A score of minus infinity is null.
    """
    both, parts = pipeline.tokenizers, candidates[0].parts
    return json.dumps(
        {
            "line": number,
            "source": line,
            "source_tokens": [name for part in parts for name in both.src.names(part.source.ids[0])],
            "candidates": [
                {
                    "text": candidate.text,
                    "score": _finite(candidate.score),
                    "log_probability": _finite(candidate.log_probability),
                    "tokens": [
                        name for part in candidate.parts for name in both.tgt.names(part.found.tokens)
                    ],
                    "looked": _looked(candidate),
                }
                for candidate in candidates
            ],
        },
        ensure_ascii=False,
    )


def alignment(pipeline: Pipeline, candidate: Candidate) -> list[tuple[int, int]]:
    """Return pairs of aligned words of a candidate, source first, in order; see `moses`."""
    pairs: set[tuple[int, int]] = set()
    src_words = tgt_words = piece_words = 0
    for part in candidate.parts:
        if part.source.first == 0:  # a new piece of the line begins
            src_words, piece_words = src_words + piece_words, len(part.source.piece.split())
        fillings = pipeline.fillings(part.found, part.source)
        written = written_words(pipeline.tokenizers.tgt, part.found.tokens, fillings)
        read = read_words(pipeline.tokenizers.src, part.source.piece)[part.source.first :]
        for word, looked in zip(written, part.found.looked, strict=False):
            if part.source.ids[0][looked] != EOS_ID:
                pairs.add((src_words + read[looked], tgt_words + word))
        tgt_words += len(pipeline.tokenizers.tgt.decode(part.found.tokens, fillings).split())
    return sorted(pairs, key=lambda pair: (pair[1], pair[0]))


def written_words(tokenizer: Tokenizer, ids: Sequence[int], fillings: Mapping[int, str]) -> list[int]:
    """Return the index, from 0, of the word of the written text that each id belongs to or ends."""
    texts = (tokenizer.decode(ids[: k + 1], fillings) for k in range(len(ids)))
    return [max(0, len(text.split()) - 1) for text in texts]


def read_words(tokenizer: Tokenizer, text: str) -> list[int]:
    """Return the index, from 0, of the word of a text in which each id begins."""
    return list(_words_of(text, tokenizer.surfaces(text)))


def _words_of(text: str, surfaces: Sequence[str]) -> Iterator[int]:
    place = 0
    for surface in surfaces:
        start = text.find(surface, place)
        place = place if start < 0 else start
        yield max(0, len(text[: place + 1].split()) - 1)
        place += len(surface) if start >= 0 else 0


def _looked(candidate: Candidate) -> list[int]:
    """Return each token's source position, numbered on from piece to piece of the source."""
    places: list[int] = []
    before = 0
    for part in candidate.parts:
        places += [before + place for place in part.found.looked]
        before += len(part.source.ids[0])
    return places


def _finite(number: float) -> Any:
    return number if math.isfinite(number) else None
