"""Sealed files: safetensors whose metadata holds a digest of everything else in the file.

Models, checkpoints and the snapshots of a run are all written and checked here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, cast

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from throughtime.errors import InputError

REPAIR = "restore it from a copy or train again"
"""The remedy for a damaged file."""

_DIGEST = "digest"
_LONGEST_HEADER = 100_000_000  # bytes; safetensors' own limit
_PARSE_ERRORS = (SafetensorError, KeyError, TypeError, ValueError, RuntimeError)


def seal(tensors: Mapping[str, Tensor], fields: Mapping[str, str]) -> bytes:
    """Return a safetensors file of tensors and metadata, with the digest of both in its metadata."""
    return safetensors.torch.save(dict(tensors), {**fields, _DIGEST: digest_of(fields, tensors)})


def read_sealed(
    path: Path, what: str, accept: Callable[[Mapping[str, Any]], None]
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read a sealed file and check all of it against its digest; return tensors and metadata.

    `what` is the kind of file in errors. `accept` is called with the metadata before the digest is checked
    and raises InputError for a file of another format.

    Raises:
        InputError: the file is missing, empty, truncated, damaged, or of another format.
    """
    data = _bytes_of(path, what)
    fields = _fields(path, what, _header(path, what, data))
    accept(fields)
    try:
        tensors = dict(sorted(safetensors.torch.load(data).items()))
        stored = fields.pop(_DIGEST)
        intact = stored == digest_of(fields, tensors)
    except _PARSE_ERRORS as error:
        raise damaged(path, "its content cannot be read") from error
    if not intact:
        raise damaged(path, "its content does not match the digest stored with it")
    return tensors, fields


def read_fields(path: Path, what: str) -> dict[str, str]:
    """Return the metadata of a sealed file from its header only, without checking the digest.

    Raises:
        InputError: the file is missing, or its header cannot be read.
    """
    try:
        with path.open("rb") as file:
            start = file.read(8)
            data = start + file.read(min(int.from_bytes(start, "little"), _LONGEST_HEADER))
    except FileNotFoundError as error:
        raise _missing(path, what) from error
    except OSError as error:
        raise _unreadable(path, error) from error
    return _fields(path, what, _parsed_header(path, what, data))


def digest_of(fields: Mapping[str, str], tensors: Mapping[str, Tensor]) -> str:
    """Return the BLAKE2b digest of metadata and of the names, types, shapes and bytes of tensors."""
    digest = blake2b(json.dumps(dict(fields), sort_keys=True).encode(), digest_size=32)
    for name, tensor in sorted(tensors.items()):
        digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def damaged(path: Path, reason: str) -> InputError:
    """Return the error for a file whose content is not what was written."""
    return InputError(f"{path} is damaged: {reason}; {REPAIR}")


def foreign(path: Path, what: str) -> InputError:
    """Return the error for a file of another format."""
    return InputError(f"{path} is not a {what} that throughtime wrote")


def _missing(path: Path, what: str) -> InputError:
    return InputError(f"{path} does not exist; expected a {what}")


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path} cannot be read: {error.strerror}")


def _bytes_of(path: Path, what: str) -> bytes:
    if path.is_dir():
        raise InputError(f"{path} is a directory; expected a {what}")
    if not path.exists():
        raise _missing(path, what)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error
    if not data:
        raise InputError(f"{path} is empty; expected a {what}; {REPAIR}")
    return data


def _header(path: Path, what: str, data: bytes) -> Mapping[str, Any]:
    """Return the JSON header of a complete safetensors file."""
    header = _parsed_header(path, what, data)
    missing = _header_end(data) + _end_of_tensors(header) - len(data)
    if missing > 0:
        raise _truncated(path, data, missing)
    return header


def _parsed_header(path: Path, what: str, data: bytes) -> Mapping[str, Any]:
    end = _header_end(data)
    if not data[8:].startswith(b"{"):
        raise foreign(path, what)
    if end > 8 + _LONGEST_HEADER:
        raise damaged(path, "its header cannot be read")
    if end > len(data):
        raise _truncated(path, data, end - len(data))
    try:
        return json.loads(data[8:end])
    except (ValueError, RecursionError) as error:
        raise damaged(path, "its header cannot be read") from error


def _header_end(data: bytes) -> int:
    return 8 + int.from_bytes(data[:8], "little")


def _truncated(path: Path, data: bytes, missing: int) -> InputError:
    return InputError(
        f"{path} is truncated: it has {len(data):,} bytes and {missing:,} or more are missing; {REPAIR}"
    )


def _end_of_tensors(header: Any) -> int:
    """Return the end of the last tensor, counted from the header's end; 0 for an invalid header."""
    entries = header.values() if isinstance(header, dict) else ()
    offsets = [entry.get("data_offsets") for entry in entries if isinstance(entry, dict)]
    ends = [pair[1] for pair in offsets if isinstance(pair, list) and len(pair) == 2]
    return max((end for end in ends if isinstance(end, int)), default=0)


def _fields(path: Path, what: str, header: Any) -> dict[str, str]:
    fields = header.get("__metadata__") if isinstance(header, dict) else None
    if not isinstance(fields, dict):
        raise foreign(path, what)
    return cast("dict[str, str]", fields)
