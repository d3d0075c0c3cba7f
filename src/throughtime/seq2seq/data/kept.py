"""A corpus that was prepared before: what it was made from and by, in one file beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import file_digest
from importlib.metadata import version
from pathlib import Path
from typing import Any

from throughtime.artefact.file import Artefact, load, save
from throughtime.errors import InputError
from throughtime.files.hub import HUB_PREFIX
from throughtime.seq2seq.config import DataConfig
from throughtime.text.tokenizer import Tokenizers, tokenizers_from_assets

KEPT = "prepared.safetensors"
KIND = "corpus"
MAKERS = ("throughtime", "sentencepiece", "sacremoses")
"""Packages on whose versions it hangs what is made of the same files."""

OF_TRAINING = (
    *("tokens_per_batch", "sentences_per_batch", "subword_dropout"),
    *("src_vectors", "tgt_vectors", "freeze_vectors"),
)
"""Settings that a prepared corpus does not hang on."""


@dataclass(frozen=True)
class Kept:
    """What the corpus files alone do not tell."""

    tokenizers: Tokenizers
    notes: tuple[str, ...]
    too_long: tuple[int, int]  # left out of what is trained and validated on


def find_kept(folder: Path, config: DataConfig, whatever_the_sources: bool) -> Kept | None:
    """Return what the folder holds, if it was prepared with these settings and is undamaged; None otherwise.

    Unless `whatever_the_sources` is set, it must also have been made from the files as they are now; for a
    dataset of the hub this cannot be known. With it, a run continues on the corpus that it began with, and a
    damaged corpus is an error.

    Raises:
        InputError: `whatever_the_sources` is set and the corpus is damaged.
    """
    try:
        found = _found(folder, config, whatever_the_sources)
    except InputError as damage:
        if whatever_the_sources:
            raise InputError(f"{damage}; delete {folder} to have the corpus prepared again") from damage
        return None  # the corpus is prepared again
    if found is None:
        return None
    both, (train, validation) = tokenizers_from_assets(found.assets), found.config["too_long"]
    return Kept(both, tuple(found.config["notes"]), (train, validation))


def _found(folder: Path, config: DataConfig, whatever_the_sources: bool) -> Artefact | None:
    """Return the manifest if the corpus was made as wanted; raise InputError where it is damaged."""
    if not whatever_the_sources and any(name.startswith(HUB_PREFIX) for name in _sources(config)):
        return None
    if not (folder / KEPT).exists():
        return None
    found = _manifest(folder)
    wanted = {"settings": _settings(config)}
    if not whatever_the_sources:
        wanted |= {"sources": _stamps(map(Path, _sources(config))), "makers": _makers()}
    if any(found.config[name] != value for name, value in wanted.items()):
        return None
    made = _made(folder)
    if different := [file[0] for file in found.config["made"] if file not in made]:
        raise InputError(f"{folder} is damaged: {' and '.join(different)} changed since it was prepared")
    return found


def _manifest(folder: Path) -> Artefact:
    try:
        return load(folder / KEPT, KIND)
    except InputError as damage:
        raise InputError(f"{folder} is damaged: {KEPT} is not what was written there") from damage


def keep(folder: Path, config: DataConfig, kept: Kept) -> None:
    """Write down what `find_kept` will look for; raises InputError where the disk cannot hold it."""
    described = {
        "settings": _settings(config),
        "sources": _stamps(map(Path, _sources(config))),
        "makers": _makers(),
        "made": _made(folder),
        "notes": kept.notes,
        "too_long": kept.too_long,
    }
    save(Artefact(KIND, described, {}, kept.tokenizers.to_assets()), folder / KEPT)


def forget(folder: Path) -> None:
    """What lies in the folder is about to change."""
    (folder / KEPT).unlink(missing_ok=True)


def _settings(config: DataConfig) -> Any:
    """As JSON gives them back."""
    settings = {name: value for name, value in asdict(config).items() if name not in OF_TRAINING}
    return json.loads(json.dumps(settings))


def _sources(config: DataConfig) -> tuple[str, ...]:
    return (*config.corpus, *config.validation)


def _makers() -> list[str]:
    return list(map(version, MAKERS))


def _made(folder: Path) -> list[list[Any]]:
    """Return path, size and digest of each file of the corpus."""
    return [
        [path.relative_to(folder).as_posix(), path.stat().st_size, _digest(path)]
        for path in sorted(folder.glob("*/*.arrow"))
    ]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "blake2b").hexdigest()


def _stamps(paths: Iterable[Path]) -> list[list[Any]]:
    """Name, size and time of each file that is there; of one that is not the reader will speak."""
    found: list[list[Any]] = []
    for path in paths:
        with suppress(OSError):
            told = path.stat()
            found.append([path.name, told.st_size, told.st_mtime_ns])
    return found
