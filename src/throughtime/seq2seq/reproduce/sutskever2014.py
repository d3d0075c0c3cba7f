"""Sequence to sequence learning with neural networks (Sutskever, Vinyals and Le 2014) in one command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from throughtime.application.processes import processes
from throughtime.artefact.report import write_report
from throughtime.console import say
from throughtime.errors import InputError
from throughtime.seq2seq.config import TrainConfig
from throughtime.seq2seq.data.prepare import prepare
from throughtime.seq2seq.measure.breakdown import GROUPS, WordRanks
from throughtime.seq2seq.measure.n_best import Listed, read_n_best
from throughtime.seq2seq.reproduce import show
from throughtime.seq2seq.reproduce.findings import (
    HeldOut,
    alone,
    by_name,
    perplexities,
    rescore,
    search,
    where,
)
from throughtime.seq2seq.reproduce.plan import differences, members
from throughtime.seq2seq.reproduce.sentences import draw_maps
from throughtime.seq2seq.reproduce.training import TrainedMember, any_begun, train_members


class Baseline(NamedTuple):
    """Translations to put into another order: whose, and the lists; None for what the forward model finds."""

    name: str
    lists: Sequence[Sequence[Listed]] | None


def reproduce(config: TrainConfig, folder: Path, n_best: Path | None, hint: str, console: Console) -> None:
    """Trains the six models, measures them and prints the paper's tables beside what was found.

    What is trained already is not trained again; `hint` is the command that goes on after Ctrl-C. n_best: a
    list of translations of the test to rescore, else the forward model's. Raises InputError where there is
    nothing to test on, and as training does.
    """
    if processes() > 1:
        raise InputError("reproduce trains model after model in one process; expected no torchrun")
    if config.data.corpus and not (config.data.test or config.data.test_size):
        raise InputError("there is nothing to test on; expected --test with a corpus, or --test-size")
    if n_best is not None and not n_best.exists():
        raise InputError(f"{n_best} does not exist; expected a list of translations of the test")
    planned = members(config)
    begun = any_begun(planned, folder)
    with console.status("preparing the corpus"):
        prepared = prepare(config.data, folder / "data", whatever_the_sources=begun)
    test = HeldOut(list(prepared.texts.test), config.data.tgt_language)
    if len(test.pairs) < GROUPS:
        raise InputError(f"the test has {len(test.pairs)} pairs; expected {GROUPS} or more")
    given = None if n_best is None else read_n_best(n_best, len(test.pairs))
    show.say_differences(console, differences(planned[-1].config))
    trained = train_members(planned, prepared, folder, hint, console)
    if trained is not None:
        ranks = WordRanks(prepared.texts.train.sources())
        baseline = "the forward model's list" if n_best is None else str(n_best)
        _measure(config, trained, test, ranks, Baseline(baseline, given), folder, console)


def _measure(
    config: TrainConfig,
    trained: Sequence[TrainedMember],
    test: HeldOut,
    ranks: WordRanks,
    baseline: Baseline,
    folder: Path,
    console: Console,
) -> None:
    models = by_name(trained)
    with console.status("measuring"):
        judged = {one.name: [one.model] for one in trained} | {
            str(name): paths for name, paths in models.items()
        }
        told = perplexities(judged, test)
        searched = [show.say_searched(console, one) for one in search(models, test)]
        bleu = alone(trained, models, searched, test)
        reordered = rescore(models, test, baseline.lists)
        found = where(searched, test, ranks)
        mapped = draw_maps(models["reversed"][0], config.data.src_language, folder)
        pictures = show.draw_where(found, folder)
    for table in (
        show.main_table(searched),
        show.perplexity_table(told, list(models)),
        show.rescoring_table(reordered, baseline.name),
        show.members_table(trained, told, bleu),
    ):
        console.print(table)
    show.say_verdict(console, searched, mapped)
    report = folder / "reproduction.json"
    write_report(
        report,
        {
            "settings": asdict(config),
            "unlike the paper": differences(members(config)[-1].config),
            "members": [asdict(one) | {"model": str(one.model)} for one in trained],
            "perplexity": told,
            "bleu": [asdict(replace(one, translations=())) for one in searched],
            "bleu of each, beam 12": bleu,
            "rescoring": reordered._asdict(),
            "where": list(map(asdict, found)),
            "sentences": [asdict(one) | {"files": list(map(str, one.files))} for one in mapped],
        },
    )
    files = [str(path) for path in (*pictures, *(file for one in mapped for file in one.files), report)]
    say(console, f"\nWritten: {', '.join(files)}")
