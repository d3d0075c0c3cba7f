"""What a user does with trained models: text in, text out, whatever the lines hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from throughtime.errors import InputError
from throughtime.seq2seq.beam import BeamSettings, beam
from throughtime.seq2seq.config import SearchConfig
from throughtime.seq2seq.ensemble import Ensemble
from throughtime.seq2seq.model import stepper
from throughtime.seq2seq.model_file import Tokenizers, load_model
from throughtime.seq2seq.sampling import SampleSettings, sample
from throughtime.seq2seq.search import Hypothesis, LengthRule, StepModel, greedy
from throughtime.seq2seq.tokenizer import EOS_ID, PAD_ID, Tokenizer

LONGEST_PIECE = 100
"""Words; longer lines are translated in pieces, cut at ends of sentences where there are any."""

Decoder = BeamSettings | SampleSettings | LengthRule
"""How to write: a beam, by chance, or with a LengthRule alone greedily."""


@dataclass(frozen=True)
class Candidate:
    """One translation: its text and the score that the search ranked it by."""

    text: str
    score: float


class Pipeline:
    """Models and tokenizers put together: lines of text to lines of text."""

    def __init__(self, model: StepModel, tokenizers: Tokenizers, decoder: Decoder, seed: int = 0) -> None:
        self.model, self.tokenizers, self.decoder = model, tokenizers, decoder
        self.generator = torch.Generator().manual_seed(seed)

    def lines(self, lines: Iterable[str], batch_size: int = 64) -> Iterator[list[Candidate]]:
        """The candidates for each line, best first, in the order of the lines; an empty line gives an empty text.

        `batch_size` lines are read at a time and translated together.
        """
        waiting = iter(lines)
        while batch := list(islice(waiting, batch_size)):
            yield from self._batch(batch)

    def texts(self, lines: Iterable[str], batch_size: int = 64) -> Iterator[str]:
        """The best translation of each line."""
        return (candidates[0].text for candidates in self.lines(lines, batch_size))

    def _batch(self, lines: Sequence[str]) -> list[list[Candidate]]:
        parts = [pieces(line) for line in lines]
        written = iter(self._translate([piece for part in parts for piece in part]))
        return [_joined(list(islice(written, len(part)))) for part in parts]

    def _translate(self, sentences: Sequence[str]) -> list[list[Candidate]]:
        """Candidates for sentences that are not empty, sentences of like length side by side."""
        sources = [[*self.tokenizers.src.encode(sentence), EOS_ID] for sentence in sentences]
        order = sorted(range(len(sources)), key=lambda k: len(sources[k]))
        results: list[list[Candidate]] = [[] for _ in sources]
        for k, found in zip(order, self._search([sources[k] for k in order]), strict=True):
            results[k] = [Candidate(self.tokenizers.tgt.decode(one.tokens), one.score) for one in found]
        return results

    def _search(self, sources: Sequence[list[int]]) -> list[list[Hypothesis]]:
        if not sources:
            return []
        src, lengths = _padded(sources)
        match self.decoder:
            case BeamSettings():
                return beam(self.model, src, lengths, self.decoder)
            case SampleSettings():
                return sample(self.model, src, lengths, self.decoder, self.generator)
            case LengthRule():
                return [[one] for one in greedy(self.model, src, lengths, self.decoder)]


def load_pipeline(paths: Sequence[Path], decoder: Decoder, seed: int = 0) -> Pipeline:
    """One model, or several as an ensemble.

    Raises InputError for a file that is no model, and for models whose vocabularies differ.
    """
    trained = [load_model(path) for path in paths]
    tokenizers = trained[0].tokenizers
    for path, other in zip(paths, trained, strict=True):
        if not _same(other.tokenizers.src, tokenizers.src) or not _same(other.tokenizers.tgt, tokenizers.tgt):
            raise InputError(f"{path} and {paths[0]} have different vocabularies; an ensemble needs the same in all")
    steppers = [stepper(one.model) for one in trained]
    return Pipeline(Ensemble(steppers) if len(steppers) > 1 else steppers[0], tokenizers, decoder, seed)


def pieces(line: str) -> list[str]:
    """A line as what is translated in one go: none if it is blank, several if it is longer than LONGEST_PIECE words."""
    words = line.split()
    if len(words) <= LONGEST_PIECE:
        return [" ".join(words)] if words else []
    sentences = re.split(r"(?<=[.!?…]) ", " ".join(words))
    return [" ".join(part) for sentence in sentences for part in _chunks(sentence.split())]


def _chunks(words: list[str]) -> list[list[str]]:
    return [words[k : k + LONGEST_PIECE] for k in range(0, len(words), LONGEST_PIECE)]


def _joined(parts: Sequence[list[Candidate]]) -> list[Candidate]:
    """The candidates of a line from those of its pieces: the k-th best of each, joined."""
    if not parts:
        return [Candidate("", 0.0)]
    return [
        Candidate(" ".join(one.text for one in ranks), sum(one.score for one in ranks))
        for ranks in zip(*parts, strict=False)
    ]


def _padded(sources: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
    rows = [torch.tensor(source) for source in sources]
    return pad_sequence(rows, batch_first=True, padding_value=PAD_ID), torch.tensor([len(row) for row in rows])


def _same(one: Tokenizer, other: Tokenizer) -> bool:
    return one.to_asset() == other.to_asset()


def decoder_of(config: SearchConfig) -> Decoder:
    """The search that a configuration asks for; raises InputError for values out of range."""
    rule = LengthRule(config.max_length_ratio, config.max_length_offset)
    match config.search:
        case "beam":
            return BeamSettings(
                config.beam_size, config.length_penalty, config.coverage_penalty, config.n_best, rule
            )
        case "greedy":
            return rule
        case "sample":
            return SampleSettings(config.n_best, config.temperature, config.top_k, config.top_p, rule)
