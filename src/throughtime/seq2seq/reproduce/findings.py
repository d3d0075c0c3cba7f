"""Results of the trained members on the test set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from throughtime.files.pairs import Pair
from throughtime.measure.text_scores import quick_tokenised_bleu
from throughtime.seq2seq.config import SearchConfig
from throughtime.seq2seq.evaluate import Evaluation, evaluate
from throughtime.seq2seq.measure.breakdown import Group, WordRanks, breakdown, lengths
from throughtime.seq2seq.measure.likelihood import Judge, load_judge, perplexity
from throughtime.seq2seq.measure.n_best import Listed, Lists, oracle, rescored
from throughtime.seq2seq.pipeline import load_pipeline
from throughtime.seq2seq.reproduce.published import BEAMS, SIZES, Models, Rescored
from throughtime.seq2seq.reproduce.training import TrainedMember

LISTED = 50
"""Translations in each of the lists that are rescored."""

EVEN = 0.5
"""Weight of the rescoring model, as in the paper."""


@dataclass(frozen=True)
class HeldOut:
    """The pairs to test on, and the target language, which chooses the rules of the tokenised score."""

    pairs: Sequence[Pair]
    language: str

    @property
    def sources(self) -> list[str]:
        return [pair.src for pair in self.pairs]

    @property
    def references(self) -> list[str]:
        return [pair.tgt for pair in self.pairs]

    def bleu(self, translations: Sequence[str]) -> float:
        """Return lower-cased, tokenised BLEU."""
        return quick_tokenised_bleu(translations, self.references, self.language)


@dataclass(frozen=True)
class Searched:
    """What models wrote with a beam of some size.

    bleu: lower-cased and tokenised, with the margin of its 95% interval; cased: BLEU cased and detokenised;
    speed: in sentences per second.
    """

    models: Models
    beam_size: int
    bleu: float
    margin: float
    cased: float
    speed: float
    translations: tuple[str, ...]


def by_name(trained: Sequence[TrainedMember]) -> dict[Models, list[Path]]:
    """Return the model files of each name in the paper's table; the reversed ones best in validation."""
    forward, *backwards = trained
    ordered = sorted(backwards, key=lambda member: member.validated, reverse=True)
    chosen: dict[Models, list[Path]] = {"forward": [forward.model]}
    for name, size in SIZES.items():
        chosen.setdefault(name, [member.model for member in ordered[:size]])
    return chosen


def written(paths: Sequence[Path], beam_size: int, test: HeldOut) -> Evaluation:
    """Translate with several models together, hypotheses ranked by log-probability only."""
    pipeline = load_pipeline(paths, SearchConfig(beam_size=beam_size, length_penalty=0.0))
    return evaluate(pipeline, test.pairs, test.language)


def search(models: Mapping[Models, Sequence[Path]], test: HeldOut) -> Iterator[Searched]:
    """Evaluate each of the models with each beam."""
    for name, paths in models.items():
        for beam_size in BEAMS:
            evaluation = written(paths, beam_size, test)
            tokenised, cased = evaluation.scores.bleu_tokenised, evaluation.scores.bleu
            margin = tokenised.margin or 0.0
            yield Searched(
                name,
                beam_size,
                tokenised.value,
                margin,
                cased.value,
                evaluation.sentences_per_second,
                evaluation.translations,
            )


def perplexities(models: Mapping[str, Sequence[Path]], test: HeldOut) -> dict[str, float]:
    """Return the perplexity per target token, eos counted, by name; equal models are evaluated once."""
    different = dict.fromkeys(map(tuple, models.values()))
    by_paths = {paths: perplexity(load_judge(paths).likelihoods(test.pairs)) for paths in different}
    return {name: by_paths[tuple(paths)] for name, paths in models.items()}


def alone(
    trained: Sequence[TrainedMember],
    models: Mapping[Models, Sequence[Path]],
    searched: Sequence[Searched],
    test: HeldOut,
) -> dict[str, float]:
    """Return BLEU of each single member with the largest beam, reusing the search results."""
    widest = max(BEAMS)
    scores = {tuple(models[result.models]): result.bleu for result in searched if result.beam_size == widest}
    for member in trained:
        if (member.model,) not in scores:
            scores[member.model,] = written([member.model], widest, test).scores.bleu_tokenised.value
    return {member.name: scores[member.model,] for member in trained}


def rescore(models: Mapping[Models, Sequence[Path]], test: HeldOut, n_best: Lists | None) -> Rescored:
    """Return the scores of rescored lists: of `n_best`, else of the forward model's own."""
    lists = n_best or _listed(models["forward"], test.sources)

    def by(judge: Judge) -> float:
        ordered = rescored(lists, test.sources, judge, EVEN)
        return test.bleu([entries[0].text for entries in ordered])

    best = [max(entries, key=lambda entry: entry.score).text for entries in lists]
    return Rescored(
        baseline=test.bleu(best),
        forward=by(load_judge(models["forward"])) if n_best else None,
        reversed=by(load_judge(models["reversed"])),
        ensemble=by(load_judge(models["ensemble of 5 reversed"])),
        oracle=test.bleu(oracle(lists, test.references)),
    )


def _listed(paths: Sequence[Path], sources: Sequence[str]) -> Lists:
    config = SearchConfig(beam_size=LISTED, n_best=LISTED, length_penalty=0.0)
    candidates = load_pipeline(paths, config).lines(sources)
    return [[Listed(candidate.text, candidate.score) for candidate in listed] for listed in candidates]


@dataclass(frozen=True)
class Where:
    """BLEU of some models by the length of the source, and by how rare its words are."""

    models: Models
    by_length: list[Group]
    by_rarity: list[Group]


def where(searched: Sequence[Searched], test: HeldOut, ranks: WordRanks) -> list[Where]:
    """Group the translations of the largest beam."""
    keys = lengths(test.sources), [ranks.mean(source) for source in test.sources]
    return [
        Where(
            result.models,
            *(breakdown(key, result.translations, test.references, test.language) for key in keys),
        )
        for result in searched
        if result.beam_size == max(BEAMS)
    ]
