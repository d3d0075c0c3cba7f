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
from throughtime.seq2seq.application import TEST
from throughtime.seq2seq.config import TrainConfig
from throughtime.seq2seq.data.prepare import prepare, write_tsv
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
    """Translations to rescore: their origin, and the lists; None for those of the forward model."""

    name: str
    lists: Sequence[Sequence[Listed]] | None


def reproduce(config: TrainConfig, folder: Path, n_best: Path | None, hint: str, console: Console) -> None:
    """Train the six models, measure them and print the paper's tables beside ours.

    Trained models are not trained again; `hint` is the command that continues after Ctrl-C. n_best: a list of
    translations of the test set to rescore, else the forward model's.

    Raises InputError if there is nothing to test on, and as training does.
    """
    if processes() > 1:
        raise InputError("reproduce trains one model after the other in one process: run it without torchrun")
    if config.data.corpus and not (config.data.test or config.data.test_size):
        raise InputError("there is nothing to test on: give --test with a corpus, or --test-size")
    if n_best is not None and not n_best.exists():
        raise InputError(f"{n_best} does not exist; expected a list of translations of the test")
    planned = members(config)
    begun = any_begun(planned, folder)
    with console.status("preparing the corpus"):
        prepared = prepare(config.data, folder / "data", whatever_the_sources=begun)
    test = HeldOut(list(prepared.texts.test), config.data.tgt_language)
    if len(test.pairs) < GROUPS:
        raise InputError(f"the test has {len(test.pairs)} pairs; expected {GROUPS} or more")
    lists = None if n_best is None else read_n_best(n_best, len(test.pairs))
    show.say_differences(console, differences(planned[-1].config))
    trained = train_members(planned, prepared, folder, hint, console)
    if trained is not None:
        write_tsv(test.pairs, folder / TEST)
        ranks = WordRanks(prepared.texts.train.sources())
        baseline = "the forward model's list" if n_best is None else str(n_best)
        _measure(config, trained, test, ranks, Baseline(baseline, lists), folder, console)


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
        judged = {member.name: [member.model] for member in trained} | {
            str(name): paths for name, paths in models.items()
        }
        perplexity = perplexities(judged, test)
        searched = [show.say_searched(console, result) for result in search(models, test)]
        bleu = alone(trained, models, searched, test)
        reordered = rescore(models, test, baseline.lists)
        breakdowns = where(searched, test, ranks)
        mapped = draw_maps(models["reversed"][0], config.data.src_language, folder)
        pictures = show.draw_where(breakdowns, folder)
    for table in (
        show.main_table(searched),
        show.perplexity_table(perplexity, list(models)),
        show.rescoring_table(reordered, baseline.name),
        show.members_table(trained, perplexity, bleu),
    ):
        console.print(table)
    show.say_verdict(console, searched, mapped)
    report = folder / "reproduction.json"
    write_report(
        report,
        {
            "settings": asdict(config),
            "unlike the paper": differences(members(config)[-1].config),
            "members": [asdict(member) | {"model": str(member.model)} for member in trained],
            "perplexity": perplexity,
            "bleu": [asdict(replace(result, translations=())) for result in searched],
            "bleu of each, beam 12": bleu,
            "rescoring": reordered._asdict(),
            "where": list(map(asdict, breakdowns)),
            "sentences": [
                asdict(sentences) | {"files": list(map(str, sentences.files))} for sentences in mapped
            ],
        },
    )
    files = [
        str(path) for path in (*pictures, *(file for sentences in mapped for file in sentences.files), report)
    ]
    say(console, f"\nWritten: {', '.join(files)}")
