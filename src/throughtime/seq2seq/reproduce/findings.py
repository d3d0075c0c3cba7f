"""What the trained members show on the test set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from throughtime.files.pairs import Pair
from throughtime.seq2seq.config import SearchConfig
from throughtime.seq2seq.evaluate import Evaluation, evaluate
from throughtime.seq2seq.measure.breakdown import Group, WordRanks, breakdown, lengths
from throughtime.seq2seq.measure.likelihood import Judge, load_judge, perplexity
from throughtime.seq2seq.measure.n_best import Listed, Lists, oracle, rescored
from throughtime.seq2seq.measure.score import quick_tokenised_bleu
from throughtime.seq2seq.pipeline import load_pipeline
from throughtime.seq2seq.reproduce.published import BEAMS, SIZES, Models, Rescored
from throughtime.seq2seq.reproduce.training import TrainedMember

LISTED = 50
"""Translations in each of the lists that are put into another order."""

EVEN = 0.5
"""Weight of the rescoring model, as in the paper."""


@dataclass(frozen=True)
class HeldOut:
    """The pairs to test on, and the target's language, which chooses the rules of the tokenised score."""

    pairs: Sequence[Pair]
    language: str

    @property
    def sources(self) -> list[str]:
        return [pair.src for pair in self.pairs]

    @property
    def references(self) -> list[str]:
        return [pair.tgt for pair in self.pairs]

    def bleu(self, translations: Sequence[str]) -> float:
        """Lower-cased, tokenised BLEU."""
        return quick_tokenised_bleu(translations, self.references, self.language)


@dataclass(frozen=True)
class Searched:
    """What models wrote with a beam of some size: BLEU lower-cased and tokenised, with the margin of its 95%
    interval, BLEU cased and detokenised, and sentences a second.
    """

    models: Models
    beam_size: int
    bleu: float
    margin: float
    cased: float
    speed: float
    translations: tuple[str, ...]


def by_name(trained: Sequence[TrainedMember]) -> dict[Models, list[Path]]:
    """The model files of each name in the paper's table; of the reversed those that validation found best."""
    forward, *backwards = trained
    ordered = sorted(backwards, key=lambda one: one.validated, reverse=True)
    chosen: dict[Models, list[Path]] = {"forward": [forward.model]}
    for name, size in SIZES.items():
        chosen.setdefault(name, [one.model for one in ordered[:size]])
    return chosen


def written(paths: Sequence[Path], beam_size: int, test: HeldOut) -> Evaluation:
    """What models write together, hypotheses ranked by log-probability alone."""
    pipeline = load_pipeline(paths, SearchConfig(beam_size=beam_size, length_penalty=0.0))
    return evaluate(pipeline, test.pairs, test.language)


def search(models: Mapping[Models, Sequence[Path]], test: HeldOut) -> Iterator[Searched]:
    """Each of the models with each beam."""
    for name, paths in models.items():
        for beam_size in BEAMS:
            found = written(paths, beam_size, test)
            tokenised, cased = found.scores.bleu_tokenised, found.scores.bleu
            margin = tokenised.margin or 0.0
            yield Searched(
                name,
                beam_size,
                tokenised.value,
                margin,
                cased.value,
                found.sentences_per_second,
                found.translations,
            )


def perplexities(models: Mapping[str, Sequence[Path]], test: HeldOut) -> dict[str, float]:
    """Of a target token, the end of sentence counted, by name; the same models are asked once."""
    different = dict.fromkeys(map(tuple, models.values()))
    found = {paths: perplexity(load_judge(paths).likelihoods(test.pairs)) for paths in different}
    return {name: found[tuple(paths)] for name, paths in models.items()}


def alone(
    trained: Sequence[TrainedMember],
    models: Mapping[Models, Sequence[Path]],
    searched: Sequence[Searched],
    test: HeldOut,
) -> dict[str, float]:
    """BLEU of each member by itself with the largest beam; what was searched is not searched again."""
    widest = max(BEAMS)
    found = {tuple(models[one.models]): one.bleu for one in searched if one.beam_size == widest}
    for one in trained:
        if (one.model,) not in found:
            found[one.model,] = written([one.model], widest, test).scores.bleu_tokenised.value
    return {one.name: found[one.model,] for one in trained}


def rescore(models: Mapping[Models, Sequence[Path]], test: HeldOut, given: Lists | None) -> Rescored:
    """A list in the order of the models: one that was `given`, else the forward model's own."""
    lists = given or _listed(models["forward"], test.sources)

    def by(judge: Judge) -> float:
        ordered = rescored(lists, test.sources, judge, EVEN)
        return test.bleu([ones[0].text for ones in ordered])

    best = [max(ones, key=lambda one: one.score).text for ones in lists]
    return Rescored(
        baseline=test.bleu(best),
        forward=by(load_judge(models["forward"])) if given else None,
        reversed=by(load_judge(models["reversed"])),
        ensemble=by(load_judge(models["ensemble of 5 reversed"])),
        oracle=test.bleu(oracle(lists, test.references)),
    )


def _listed(paths: Sequence[Path], sources: Sequence[str]) -> Lists:
    config = SearchConfig(beam_size=LISTED, n_best=LISTED, length_penalty=0.0)
    found = load_pipeline(paths, config).lines(sources)
    return [[Listed(one.text, one.score) for one in ones] for ones in found]


@dataclass(frozen=True)
class Where:
    """Where some models are good: their BLEU by the length of the source, and by how rare its words are."""

    models: Models
    by_length: list[Group]
    by_rarity: list[Group]


def where(searched: Sequence[Searched], test: HeldOut, ranks: WordRanks) -> list[Where]:
    """Of what was written with the largest beam."""
    keys = lengths(test.sources), [ranks.mean(source) for source in test.sources]
    return [
        Where(
            one.models,
            *(breakdown(key, one.translations, test.references, test.language) for key in keys),
        )
        for one in searched
        if one.beam_size == max(BEAMS)
    ]
