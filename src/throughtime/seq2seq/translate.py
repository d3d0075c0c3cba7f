"""Lines in, translations out: a sentence, a file, or standard input as it comes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from throughtime.seq2seq.readers import read_lines
from throughtime.seq2seq.run import Candidate, Pipeline


def translate(pipeline: Pipeline, lines: Iterable[str], n_best: int, one_at_a_time: bool) -> Iterator[str]:
    """What to print for each line: its translation; with `n_best` over 1 rank, score and text of each."""
    for candidates in pipeline.lines(lines, batch_size=1 if one_at_a_time else 64):
        yield from ranked(candidates) if n_best > 1 else [candidates[0].text]


def ranked(candidates: Iterable[Candidate]) -> list[str]:
    """Candidates as tab-separated rank, score and text."""
    return [f"{rank}\t{one.score:.4f}\t{one.text}" for rank, one in enumerate(candidates, 1)]


def lines_of(text: str | None, file: Path | None) -> Iterable[str]:
    """The lines to translate: of the text, else of the file, else of standard input."""
    if text is not None:
        return text.split("\n")
    return read_lines(file) if file is not None else standard_input()


def standard_input() -> Iterator[str]:
    """Standard input line by line; bytes that are not UTF-8 become U+FFFD: every line has its answer."""
    for raw in sys.stdin.buffer:
        yield raw.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")
