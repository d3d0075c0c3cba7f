"""The one-file model: a .safetensors with all but the tensors in its metadata. Loading executes no code."""

from __future__ import annotations

import base64
import errno
import json
import os
import secrets
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from torch import Tensor

from throughtime.artefact.sealed import damaged, foreign, read_fields, read_sealed, seal
from throughtime.errors import InputError

FORMAT_NAME = "throughtime"
FORMAT_VERSION = 2
MODEL_FILE = "model file"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class Artefact:
    """A trained model: its kind, its configuration, its weights, and files such as tokenizers."""

    kind: str
    config: dict[str, Any]  # plain values for JSON; a tuple is restored as a list
    tensors: dict[str, Tensor]
    assets: dict[str, bytes]


def save(artefact: Artefact, path: str | Path) -> None:
    """Write an artefact to one file, atomically; tensors that share memory are stored once.

    Raises InputError when the file cannot be written or the disk is full; nothing half-written is left.
    """
    tensors, tied = _untied(artefact.tensors)
    fields = {
        "format": FORMAT_NAME,
        "version": str(FORMAT_VERSION),
        "throughtime": _library_version(),
        "kind": artefact.kind,
        "config": json.dumps(artefact.config, ensure_ascii=False),
        "assets": json.dumps(
            {name: base64.b64encode(data).decode() for name, data in artefact.assets.items()}
        ),
        "tied": json.dumps(tied, ensure_ascii=False),
    }
    data = seal(tensors, fields)
    with written_whole(path) as temporary:
        temporary.write_bytes(data)


def load(path: str | Path, kind: str | None = None) -> Artefact:
    """Read an artefact; all of its content is checked against the digest that `save` wrote.

    Raises InputError when there is no file, when it is empty, truncated, damaged or not an artefact, when a
    newer version of the library wrote it, and when it is of another kind than `kind`.
    """
    path = Path(path)
    tensors, fields = read_sealed(path, MODEL_FILE, partial(_accept, path))
    artefact = _artefact(fields, tensors)
    if kind is not None and artefact.kind != kind:
        raise InputError(f"{path} holds a model of kind {artefact.kind!r}; expected {kind!r}")
    return artefact


def kind_of(path: str | Path) -> str:
    """Return the kind of a model file from its header alone; raise InputError for another file."""
    fields = read_fields(Path(path), MODEL_FILE)
    _accept(Path(path), fields)
    return fields["kind"]


def _accept(path: Path, fields: Mapping[str, Any]) -> None:
    """Raise InputError for metadata that this version of the library cannot read."""
    if fields.get("format") != FORMAT_NAME:
        raise foreign(path, MODEL_FILE)
    version = str(fields.get("version"))
    if not (version.isascii() and version.isdigit()):
        raise damaged(path, f"its format version is {version!r}, which is not a number")
    if int(version[:9]) > FORMAT_VERSION:
        raise InputError(
            f"{path} has format {version[:9]}, written by throughtime {fields.get('throughtime')}; "
            f"this version reads format {FORMAT_VERSION}: install a newer throughtime"
        )
    if int(version[:9]) < FORMAT_VERSION:
        raise InputError(
            f"{path} has format {version[:9]}, written by throughtime {fields.get('throughtime')}; "
            f"this version reads format {FORMAT_VERSION}: train the model again"
        )


def _artefact(fields: Mapping[str, str], tensors: Mapping[str, Tensor]) -> Artefact:
    tied: dict[str, str] = json.loads(fields["tied"])
    assets: dict[str, str] = json.loads(fields["assets"])
    return Artefact(
        kind=fields["kind"],
        config=json.loads(fields["config"]),
        tensors={**tensors, **{name: tensors[first] for name, first in tied.items()}},
        assets={name: base64.b64decode(text) for name, text in assets.items()},
    )


def _untied(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors to store, none sharing memory, and the names that refer to other stored tensors."""
    stored: dict[str, Tensor] = {}
    tied: dict[str, str] = {}
    names: dict[tuple[Any, ...], str] = {}
    storages: set[int] = set()
    for name, tensor in tensors.items():
        memory = (tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype, tensor.device)
        if tensor.numel() and memory in names:
            tied[name] = names[memory]
            continue
        names[memory] = name
        plain = tensor.detach().cpu().contiguous()
        storage = plain.untyped_storage().data_ptr()
        stored[name] = plain.clone() if storage in storages else plain
        storages.add(storage)
    return stored, tied


def _library_version() -> str:
    try:
        return metadata.version("throughtime")
    except metadata.PackageNotFoundError:
        return "unknown"  # run from a source tree that was never installed


@contextmanager
def written_whole(path: str | Path) -> Generator[Path]:
    """Yield a temporary path to write: on success it is renamed to `path`, on any failure it is removed.

    The file is on disk (fsync) before it has its name. A symbolic link is followed, not replaced.

    Raises InputError for a full disk, naming the path and the free space, and for any other failure to write.
    """
    asked, path = Path(path), Path(path).resolve()
    if path.is_dir():
        raise InputError(f"{asked} is a directory; expected the name of a file to write")
    temporary = path.with_name(f".{path.name[:40]}.{secrets.token_hex(4)}.part")
    try:
        try:
            yield temporary
            _flush(temporary)
            temporary.replace(path)
            _flush(path.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise _cannot_write(asked, error) from error


def _flush(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return  # Windows has no handle on a folder to flush
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _cannot_write(path: Path, error: OSError) -> InputError:
    if error.errno not in _NO_ROOM:
        return InputError(f"{path} cannot be written: {error.strerror or error}")
    free = shutil.disk_usage(path.resolve().parent).free
    return InputError(
        f"{path} cannot be written: {error.strerror}; {free / 2**20:,.0f} MiB are free there, "
        "and nothing half-written was kept"
    )
