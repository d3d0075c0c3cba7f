"""What a model learns from and is judged on: read three times, line by line, and never held in memory."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from throughtime.artefact.file import Artefact, load, save
from throughtime.corpora.documentation import entries, find_sources
from throughtime.errors import InputError
from throughtime.files.documents import ReadingConfig, read_lines_of_documents
from throughtime.files.reading import ReadingReport
from throughtime.language.config import TextConfig, TrainConfig
from throughtime.language.network import LanguageModel
from throughtime.layers.special_ids import SPECIALS
from throughtime.text.tokenizer import Tokenizer, tokenizer_from_asset, train_subwords
from throughtime.text.unit_corpus import Line, Text, open_part, write_parts
from throughtime.text.units import train_units

MANIFEST, KIND = "text.safetensors", "text"
PARTS = ("train", "validation", "test")
LAST_SHARE = 20
"""Where nothing is held out, the last one of this many parts is validated on."""


@dataclass(frozen=True)
class Prepared:
    """The texts as units."""

    tokenizer: Tokenizer
    train: Text
    validation: Text
    test: Text | None
    notes: Sequence[str]


def prepare(config: TrainConfig, folder: Path, resumed: bool) -> Prepared:
    """Read the texts into files of units; a run that is resumed has the files that it began with.

    Raises InputError where texts cannot be read or are too short, and, before, for a network that is none.
    """
    if resumed and (folder / MANIFEST).exists():
        return reopen(config, folder)
    LanguageModel(config.recurrence, config.vectors, len(SPECIALS))
    folder.mkdir(parents=True, exist_ok=True)
    _write(config.text, config.reading, config.training.seed, folder)
    return reopen(config, folder)


def _write(config: TextConfig, reading: ReadingConfig, seed: int, folder: Path) -> None:
    report = ReadingReport()
    sizes = [sum(map(len, document)) for document in documents(config.corpus, reading, report)]
    if not sum(sizes):
        raise InputError(f"there is no text in {', '.join(config.corpus)}; expected some")
    cuts = [int(sum(sizes) * share) for share in config.shares]
    if not cuts[0]:
        raise InputError("there is nothing to learn from; hold out less, or give more text")
    exact = config.unit in ("characters", "bytes")
    divide = partial(
        divided,
        cuts=cuts,
        at="document" if len(sizes) > 1 else "character" if exact else "line",
    )
    learned = (line for part, _, line in divide(documents(config.corpus, reading)) if part == 0)
    if config.unit == "subwords":
        tokenizer = train_subwords(learned, config.vocab_size, seed)
    else:
        tokenizer = train_units(learned, config.unit, config.vocab_size)
    counts = write_parts(divide(documents(config.corpus, reading)), tokenizer, folder, PARTS)
    for part, paths in (("validation", config.validation), ("test", config.test)):
        if paths:
            counts |= write_parts(divided(documents(paths, reading)), tokenizer, folder, (part,))
    summary = [report.summary()] if report.items > 1 or report.bad else []
    notes = [*summary, *report.notes, *report.first_bad]
    described = {
        "characters": counts,
        "notes": notes if config.corpus else [f"documentation strings of {find_sources().summary()}"],
    }
    save(Artefact(KIND, described, {}, {"tokenizer": tokenizer.to_asset()}), folder / MANIFEST)


def reopen(config: TrainConfig, folder: Path) -> Prepared:
    """Open what `prepare` wrote; raise InputError where it is damaged."""
    prepared = prepared_in(folder)
    if prepared is None:
        raise InputError(f"{folder} has lost its {MANIFEST}; train --overwrite prepares the texts again")
    return prepared


def prepared_in(folder: Path) -> Prepared | None:
    """Return what `prepare` wrote into a folder, None where it wrote nothing there."""
    if not (folder / MANIFEST).exists():
        return None
    manifest = load(folder / MANIFEST, KIND)
    tokenizer = tokenizer_from_asset(manifest.assets["tokenizer"])
    counts: Mapping[str, int] = manifest.config["characters"]
    train, validation, test = (open_part(folder, part, tokenizer, counts[part]) for part in PARTS)
    assert train is not None, "prepare refuses it"
    validation = validation or train.part(-max(2, len(train.ids) // LAST_SHARE), len(train.ids))
    return Prepared(tokenizer, train, validation, test, manifest.config["notes"])


def documents(
    paths: Sequence[str], reading: ReadingConfig, report: ReadingReport | None = None
) -> Iterator[Iterable[str]]:
    """Stream the lines of each document; documentation strings where there is no path."""
    if paths:
        return read_lines_of_documents(paths, reading, report)
    return ([f"{sentence}\n" for sentence in entry.sentences] for entry in entries(find_sources()))


def divided(
    documents: Iterable[Iterable[str]],
    cuts: Sequence[int] = (),
    at: Literal["document", "line", "character"] = "document",
) -> Iterator[Line]:
    """Deal the lines of documents to parts.

    cuts: characters after which each part ends, but for the last, put off to the end of what `at` names.
    """
    place = 0
    for document in documents:
        part, begins = bisect(cuts, place), True
        for line in document:
            if at != "document" and bisect(cuts, place) != part:
                part, begins = bisect(cuts, place), True
            while at == "character" and part < len(cuts) and place + len(line) > cuts[part]:
                yield part, begins, line[: cuts[part] - place]
                place, line = cuts[part], line[cuts[part] - place :]
                part, begins = bisect(cuts, place), True
            yield part, begins, line
            place, begins = place + len(line), False
