"""Scores of translations against references: BLEU and chrF, each with its signature and interval."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import Any, TypeAlias

import sacremoses
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF, CHRFScore

from throughtime.errors import InputError
from throughtime.text.normalise import normalise

References: TypeAlias = Sequence[str] | Sequence[Sequence[str]]
"""For each sentence its reference, or its references, whose number may vary."""


@dataclass(frozen=True)
class Score:
    """One metric of a corpus, from 0 to 100, with the signature that specifies it exactly.

    mean and margin come from resampling the sentences (Koehn 2004): the 95 % interval is mean - margin to
    mean + margin. Both are None without resampling.
    """

    name: str
    value: float
    mean: float | None
    margin: float | None
    signature: str


@dataclass(frozen=True)
class ScoreReport:
    """The metrics of one set of translations.

    bleu and chrf are cased and detokenised, comparable with any other of the same signature. bleu_tokenised
    is the form of the multimodal-translation literature: both sides lower-cased, punctuation normalised and
    tokenised as Moses does, in this order; it is higher and comparable only with its like. exact is the
    percentage of texts that equal a reference, spaces aside; of answers it is their accuracy.
    """

    sentences: int
    bleu: Score
    chrf: Score
    bleu_tokenised: Score
    exact: Score

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return asdict(self)

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Return a table: name, score, 95 % interval or "", signature."""
        return [_row(score) for score in (self.bleu, self.chrf, self.bleu_tokenised, self.exact)]


def score(
    hypotheses: Sequence[str],
    references: References,
    language: str = "fr",
    n_bootstrap: int = 1000,
    seed: int = 12345,
) -> ScoreReport:
    """Score detokenised translations of a corpus; n_bootstrap 0 leaves the intervals out.

    `language` chooses the rules of the tokenised form; as in Moses, a language without its own uses the
    general ones. A thousand resamples take about 80 kB of memory per sentence.

    Raises InputError if there is nothing to score, the numbers of sentences differ, a sentence has no
    reference, or n_bootstrap is 1 or negative.
    """
    if n_bootstrap < 0 or n_bootstrap == 1:
        raise InputError(f"n_bootstrap is {n_bootstrap}; expected 0, or at least 2")
    per_sentence = _checked(hypotheses, references)
    resampling = _Resampling(n_bootstrap, seed)
    return ScoreReport(
        sentences=len(hypotheses),
        bleu=_measure("BLEU (cased, detokenised)", BLEU(force=True), hypotheses, per_sentence, resampling),
        chrf=_measure("chrF (cased, detokenised)", _PlainCHRF(), hypotheses, per_sentence, resampling),
        bleu_tokenised=_tokenised_bleu(hypotheses, per_sentence, language, resampling),
        exact=_exact(hypotheses, per_sentence, n_bootstrap > 0),
    )


def quick_bleu(hypotheses: Sequence[str], references: References) -> float:
    """Return cased, detokenised corpus BLEU, 0 to 100, only; raises InputError as `score` does."""
    streams = _streams(_checked(hypotheses, references))
    return float(BLEU(force=True).corpus_score(list(hypotheses), streams).score)


def accuracy(hypotheses: Sequence[str], references: References) -> float:
    """Return the percentage of texts that equal a reference, spaces aside; raises as `score` does."""
    pairs = zip(hypotheses, _checked(hypotheses, references), strict=True)
    hits = sum(normalise(text) in map(normalise, texts) for text, texts in pairs)
    return 100 * hits / len(hypotheses)


def sentence_bleu(hypothesis: str, reference: str) -> float:
    """Return cased BLEU of one sentence, 0 to 100, over the n-grams that it is long enough for."""
    return float(BLEU(effective_order=True).sentence_score(hypothesis, [reference]).score)


def quick_tokenised_bleu(hypotheses: Sequence[str], references: References, language: str) -> float:
    """Return lower-cased, tokenised corpus BLEU, 0 to 100, only; raises InputError as `score` does."""
    return _tokenised_bleu(hypotheses, _checked(hypotheses, references), language, _Resampling(0, 0)).value


def _row(score: Score) -> tuple[str, str, str, str]:
    interval = "" if score.mean is None else f"{score.mean:.2f} ± {score.margin:.2f}"
    return score.name, f"{score.value:.2f}", interval, score.signature


def _checked(hypotheses: Sequence[str], references: References) -> list[list[str]]:
    """Return the references of each sentence as a list."""
    if not hypotheses:
        raise InputError("there are no translations to score; expected at least one")
    if len(hypotheses) != len(references):
        raise InputError(
            f"there are {len(hypotheses)} translations but references for {len(references)}; "
            "expected as many of each"
        )
    per_sentence = [
        [reference] if isinstance(reference, str) else list(reference) for reference in references
    ]
    if [] in per_sentence:
        raise InputError(f"sentence {per_sentence.index([]) + 1} has no reference; expected at least one")
    return per_sentence


def _exact(hypotheses: Sequence[str], per_sentence: list[list[str]], interval: bool) -> Score:
    """Return accuracy with its normal interval, p plus or minus 1.96 sqrt(p (1 - p) / n)."""
    value = accuracy(hypotheses, per_sentence)
    margin = 1.96 * math.sqrt(value * (100 - value) / len(hypotheses))
    name, signature = "exact match, per cent", "case:mixed|spaces:normalised|interval:normal"
    return Score(name, value, value if interval else None, margin if interval else None, signature)


def _streams(per_sentence: list[list[str]]) -> Any:
    """Return all first references, all second ones, ... as sacrebleu takes them, None for missing ones."""
    return [list(stream) for stream in zip_longest(*per_sentence)]


class _PlainCHRF(CHRF):
    """chrF whose scores are all Python floats: sacrebleu cannot sum them mixed with NumPy's."""

    def _compute_score_from_stats(self, stats: list[int]) -> CHRFScore:
        result = super()._compute_score_from_stats(stats)
        result.score = float(result.score)
        return result


@dataclass(frozen=True)
class _Resampling:
    n_bootstrap: int
    seed: int

    @contextmanager
    def seeded(self) -> Generator[None]:
        """Set the seed in the environment, where sacrebleu reads it when resampling."""
        before = os.environ.get("SACREBLEU_SEED")
        os.environ["SACREBLEU_SEED"] = str(self.seed)
        try:
            yield
        finally:
            del os.environ["SACREBLEU_SEED"]
            if before is not None:
                os.environ["SACREBLEU_SEED"] = before


def _measure(
    name: str,
    metric: BLEU | CHRF,
    hypotheses: Sequence[str],
    per_sentence: list[list[str]],
    resampling: _Resampling,
    **said: str,
) -> Score:
    """Return the metric of a corpus; `said` is added to its signature."""
    with resampling.seeded():
        result = metric.corpus_score(list(hypotheses), _streams(per_sentence), resampling.n_bootstrap)
    signature = metric.get_signature()
    for key, value in said.items():
        signature.update(key, value)
    mean, margin = _interval(result, str(signature)) if resampling.n_bootstrap else (None, None)
    return Score(name, float(result.score), mean, margin, str(signature))


def _interval(result: Any, signature: str) -> tuple[float, float]:
    """Return mean and margin of the resamples, which sacrebleu gives in its JSON unless the mean is zero."""
    published = json.loads(result.format(width=6, signature=signature, is_json=True))
    return published.get("confidence_mean", 0.0), published.get("confidence_var", 0.0)


def _tokenised_bleu(
    hypotheses: Sequence[str], per_sentence: list[list[str]], language: str, resampling: _Resampling
) -> Score:
    normalizer = sacremoses.MosesPunctNormalizer(lang=language)
    tokenizer = sacremoses.MosesTokenizer(lang=language)

    def prepared(text: str) -> str:
        return " ".join(tokenizer.tokenize(normalizer.normalize(text.lower()), escape=False))

    return _measure(
        "BLEU (lower-cased, tokenised)",
        BLEU(force=True, tokenize="none"),
        [prepared(text) for text in hypotheses],
        [[prepared(text) for text in texts] for texts in per_sentence],
        resampling,
        case="lc",
        tok=f"sacremoses-{sacremoses.__version__}-{language}",
        norm=f"moses-{language}",
    )
