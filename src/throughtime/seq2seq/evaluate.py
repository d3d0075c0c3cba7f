"""How well models translate: a set of pairs translated, scored, and reported."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from throughtime.artefact.file import written_whole
from throughtime.decoding.ensemble import Vote
from throughtime.files.pairs import Pair
from throughtime.measure.text_scores import ScoreReport, score
from throughtime.seq2seq.pipeline import Pipeline


@dataclass(frozen=True)
class Evaluation:
    """The translations of a set, their scores, the time that they took, and the votes of an ensemble."""

    translations: tuple[str, ...]
    scores: ScoreReport
    seconds: float
    votes: tuple[Vote, ...] = ()

    @property
    def sentences_per_second(self) -> float:
        """How fast they were translated."""
        return self.scores.sentences / self.seconds

    def to_dict(self) -> dict[str, Any]:
        """All but the translations, as plain values for JSON."""
        return {
            **self.scores.to_dict(),
            "seconds": self.seconds,
            "sentences_per_second": self.sentences_per_second,
            "votes": list(map(asdict, self.votes)),
        }


def evaluate(
    pipeline: Pipeline, pairs: Sequence[Pair], language: str | None = None, n_bootstrap: int = 1000
) -> Evaluation:
    """Translates the sources and scores them by the targets.

    language: chooses the rules of tokenised BLEU; by default what the pipeline writes.
    Raises InputError where there are no pairs.
    """
    start = time.perf_counter()
    translations = tuple(pipeline.texts([pair.src for pair in pairs]))
    seconds = time.perf_counter() - start
    scores = score(translations, [pair.tgt for pair in pairs], language or pipeline.language, n_bootstrap)
    return Evaluation(translations, scores, seconds, tuple(pipeline.votes))


def write_translations(path: Path, translations: Sequence[str]) -> None:
    """Writes translations as UTF-8 text, one a line, whole or not at all."""
    with written_whole(path) as temporary:
        temporary.write_text("".join(f"{text}\n" for text in translations), encoding="utf-8", newline="\n")
