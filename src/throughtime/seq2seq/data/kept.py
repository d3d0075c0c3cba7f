"""A corpus that was prepared before: what it was made from and by, in one file beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from throughtime.artefact.file import Artefact, load, save
from throughtime.errors import InputError
from throughtime.seq2seq.config import DataConfig
from throughtime.seq2seq.data.readers import HUB_PREFIX
from throughtime.seq2seq.data.tokenizer import Tokenizers, tokenizer_from_asset

KEPT = "prepared.safetensors"
KIND = "corpus"
VERSION = 1
"""Of how a corpus is prepared; one that was prepared otherwise is not taken again."""

OF_BATCHES = ("tokens_per_batch", "sentences_per_batch", "subword_dropout")
"""Settings that a prepared corpus does not hang on."""


@dataclass(frozen=True)
class Kept:
    """What the corpus files alone do not tell."""

    tokenizers: Tokenizers
    notes: tuple[str, ...]
    too_long: tuple[int, int]  # left out of what is trained and validated on


def key_of(config: DataConfig) -> dict[str, Any] | None:
    """What a prepared corpus hangs on: settings, and size and time of each file.

    None for a data set of the hub, whose files are not ours to know, and for the phrasebook, which is made in
    a moment.
    """
    names = (*config.corpus, *config.validation)
    if not names or any(name.startswith(HUB_PREFIX) for name in names):
        return None
    settings = {name: value for name, value in asdict(config).items() if name not in OF_BATCHES}
    return {"version": VERSION, "settings": settings, "files": _stamps([Path(name) for name in names])}


def find_kept(folder: Path, key: dict[str, Any]) -> Kept | None:
    """What lies in the folder, if it was prepared by this key and is as it was left."""
    with suppress(InputError):  # none, or one that was damaged: the corpus is prepared anew
        found = load(folder / KEPT, KIND)
        described = {**key, "made": _made(folder)}
        if found.config["key"] == json.loads(json.dumps(described)):
            tgt = tokenizer_from_asset(found.assets["tgt"])
            src = tokenizer_from_asset(found.assets["src"]) if "src" in found.assets else tgt
            train, validation = found.config["too_long"]
            return Kept(Tokenizers(src, tgt), tuple(found.config["notes"]), (train, validation))
    return None


def keep(folder: Path, key: dict[str, Any], kept: Kept) -> None:
    """Write down what `find_kept` will look for; raises InputError where the disk cannot hold it."""
    both = kept.tokenizers
    assets = {"tgt": both.tgt.to_asset()} | ({} if both.src is both.tgt else {"src": both.src.to_asset()})
    described = {"key": {**key, "made": _made(folder)}, "notes": kept.notes, "too_long": kept.too_long}
    save(Artefact(KIND, described, {}, assets), folder / KEPT)


def forget(folder: Path) -> None:
    """What lies in the folder is about to change."""
    (folder / KEPT).unlink(missing_ok=True)


def _made(folder: Path) -> Any:
    return _stamps(sorted(folder.glob("*/*.arrow")), folder)


def _stamps(paths: Sequence[Path], folder: Path | None = None) -> list[tuple[str, int, int]]:
    """Name, size and time of each file."""
    found: list[tuple[str, int, int]] = []
    for path in paths:
        with suppress(OSError):  # the reader says what is wrong with it
            told = path.stat()
            name = path.resolve() if folder is None else path.relative_to(folder)
            found.append((str(name), told.st_size, told.st_mtime_ns))
    return found
