"""A corpus that was prepared before: its sources and settings, in one file beside it."""

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
"""Packages whose versions affect what is prepared from the same files."""

OF_TRAINING = (
    *("tokens_per_batch", "sentences_per_batch", "subword_dropout"),
    *("src_vectors", "tgt_vectors", "freeze_vectors"),
)
"""Settings that do not affect a prepared corpus."""


@dataclass(frozen=True)
class Kept:
    """What the corpus files themselves do not contain."""

    tokenizers: Tokenizers
    notes: tuple[str, ...]
    too_long: tuple[int, int]  # pairs left out of training and of validation


def find_kept(folder: Path, config: DataConfig, whatever_the_sources: bool) -> Kept | None:
    """Return the corpus in the folder if it was prepared with these settings and is undamaged, else None.

    Unless `whatever_the_sources` is set, it must also have been made from the files as they are now; for a
    dataset of the hub this cannot be known. With it, a run continues on the corpus it began with, and a
    damaged corpus is an error.

    Raises:
        InputError: `whatever_the_sources` is set and the corpus is damaged.
    """
    try:
        manifest = _matching(folder, config, whatever_the_sources)
    except InputError as damage:
        if whatever_the_sources:
            raise InputError(f"{damage}; delete {folder} to have the corpus prepared again") from damage
        return None  # the corpus is prepared again
    if manifest is None:
        return None
    both, (train, validation) = tokenizers_from_assets(manifest.assets), manifest.config["too_long"]
    return Kept(both, tuple(manifest.config["notes"]), (train, validation))


def _matching(folder: Path, config: DataConfig, whatever_the_sources: bool) -> Artefact | None:
    """Return the manifest if the corpus was prepared as requested; raise InputError if it is damaged."""
    if not whatever_the_sources and any(name.startswith(HUB_PREFIX) for name in _sources(config)):
        return None
    if not (folder / KEPT).exists():
        return None
    manifest = _manifest(folder)
    wanted = {"settings": _settings(config)}
    if not whatever_the_sources:
        wanted |= {"sources": _stamps(map(Path, _sources(config))), "makers": _makers()}
    if any(manifest.config[name] != value for name, value in wanted.items()):
        return None
    made = _made(folder)
    if different := [file[0] for file in manifest.config["made"] if file not in made]:
        raise InputError(f"{folder} is damaged: {' and '.join(different)} changed since it was prepared")
    return manifest


def _manifest(folder: Path) -> Artefact:
    try:
        return load(folder / KEPT, KIND)
    except InputError as damage:
        raise InputError(f"{folder} is damaged: {KEPT} is not what was written there") from damage


def keep(folder: Path, config: DataConfig, kept: Kept) -> None:
    """Write the file that `find_kept` reads; raises InputError if the disk is full."""
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
    """Delete the manifest before the folder changes."""
    (folder / KEPT).unlink(missing_ok=True)


def _settings(config: DataConfig) -> Any:
    """Return the settings as JSON restores them."""
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
    """Return name, size and time of each existing file; the reader reports missing ones."""
    stamps: list[list[Any]] = []
    for path in paths:
        with suppress(OSError):
            stat = path.stat()
            stamps.append([path.name, stat.st_size, stat.st_mtime_ns])
    return stamps
