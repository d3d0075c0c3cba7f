"""How translations are printed: plain text, Moses' n-best lists, or JSON with all that the search knows."""

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
"""From the number of a line, from 0, the line and its candidates to what is printed for it."""


def writer_of(kind: Format, pipeline: Pipeline, n_best: int) -> Writer:
    """The writer of a format; text is the best translation alone or, with `n_best` over 1, as `ranked`."""
    match kind:
        case "text":
            return lambda _, __, found: ranked(found) if n_best > 1 else [found[0].text]
        case "moses":
            return lambda number, _, found: [moses(pipeline, number, one) for one in found]
        case "jsonl":
            return lambda number, line, found: [as_json(pipeline, number, line, found)]


def ranked(candidates: Sequence[Candidate]) -> list[str]:
    """Candidates as tab-separated rank, score and text."""
    return [f"{rank}\t{one.score:.4f}\t{one.text}" for rank, one in enumerate(candidates, 1)]


def moses(pipeline: Pipeline, number: int, candidate: Candidate) -> str:
    """A candidate as in Moses' n-best lists: line ||| text ||| features ||| score ||| alignment.

    The only feature is LogProbability. The alignment has a pair of numbers from 0 for each word of the
    translation and source word that the model looked at when it wrote a piece of it, words being what white
    space sets apart; it is empty without attention.
    """
    pairs = " ".join(f"{src}-{tgt}" for src, tgt in alignment(pipeline, candidate))
    feature = f"LogProbability= {candidate.log_probability:.4f}"
    return n_best_line(number, candidate.text, feature, candidate.score, pairs)


def as_json(pipeline: Pipeline, number: int, line: str, candidates: Sequence[Candidate]) -> str:
    """A line and its candidates as one object of JSON.

    source_tokens has an </s> at the end of each piece that was translated for itself; `looked` has for each
    of a candidate's tokens the number of the source token that the model looked at most, from 0, and nothing
    without attention. A score of minus infinity is null.
    """
    both, parts = pipeline.tokenizers, candidates[0].parts
    return json.dumps(
        {
            "line": number,
            "source": line,
            "source_tokens": [name for one in parts for name in both.src.names(one.source.ids[0])],
            "candidates": [
                {
                    "text": one.text,
                    "score": _finite(one.score),
                    "log_probability": _finite(one.log_probability),
                    "tokens": [name for part in one.parts for name in both.tgt.names(part.found.tokens)],
                    "looked": _looked(one),
                }
                for one in candidates
            ],
        },
        ensure_ascii=False,
    )


def alignment(pipeline: Pipeline, candidate: Candidate) -> list[tuple[int, int]]:
    """Pairs of words, source first, that a candidate says belong together, in order; see `moses`."""
    pairs: set[tuple[int, int]] = set()
    src_words = tgt_words = piece_words = 0
    for part in candidate.parts:
        if part.source.first == 0:  # a new piece of the line
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
    """Which word of the written text each id is of, or ends, from 0."""
    texts = (tokenizer.decode(ids[: k + 1], fillings) for k in range(len(ids)))
    return [max(0, len(text.split()) - 1) for text in texts]


def read_words(tokenizer: Tokenizer, text: str) -> list[int]:
    """Which word of a text each id that it is read as begins in, from 0."""
    return list(_words_of(text, tokenizer.surfaces(text)))


def _words_of(text: str, surfaces: Sequence[str]) -> Iterator[int]:
    place = 0
    for surface in surfaces:
        found = text.find(surface, place)
        place = place if found < 0 else found
        yield max(0, len(text[: place + 1].split()) - 1)
        place += len(surface) if found >= 0 else 0


def _looked(candidate: Candidate) -> list[int]:
    """Where each token looked, in numbers that go on from one piece of the source to the next."""
    found: list[int] = []
    before = 0
    for part in candidate.parts:
        found += [before + place for place in part.found.looked]
        before += len(part.source.ids[0])
    return found


def _finite(number: float) -> Any:
    return number if math.isfinite(number) else None
