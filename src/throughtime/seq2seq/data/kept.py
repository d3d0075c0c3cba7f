"""A corpus that was prepared before: what it was made from and by, in one file beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from throughtime.artefact.file import Artefact, load, save
from throughtime.errors import InputError
from throughtime.lines import HUB_PREFIX
from throughtime.seq2seq.config import DataConfig
from throughtime.seq2seq.data.tokenizer import Tokenizers, tokenizers_from_assets

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
    """What lies in the folder, if it was prepared by these settings and is as it was left.

    It must have been made of the files as they are now too, unless that is nobody's concern; of a data set of
    the hub one cannot tell.
    """
    with suppress(InputError):  # none, or one that was damaged: the corpus is prepared anew
        found = load(folder / KEPT, KIND)
        wanted = {"settings": _settings(config), "made": _made(folder)}
        if not whatever_the_sources:
            if any(name.startswith(HUB_PREFIX) for name in _sources(config)):
                return None
            wanted["sources"] = _stamps(map(Path, _sources(config)))
            wanted["makers"] = _makers()
        if all(found.config[name] == value for name, value in wanted.items()):
            both, (train, validation) = tokenizers_from_assets(found.assets), found.config["too_long"]
            return Kept(both, tuple(found.config["notes"]), (train, validation))
    return None


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
    return _stamps(sorted(folder.glob("*/*.arrow")))


def _stamps(paths: Iterable[Path]) -> list[list[Any]]:
    """Name, size and time of each file that is there; of one that is not the reader will speak."""
    found: list[list[Any]] = []
    for path in paths:
        with suppress(OSError):
            told = path.stat()
            found.append([path.name, told.st_size, told.st_mtime_ns])
    return found
