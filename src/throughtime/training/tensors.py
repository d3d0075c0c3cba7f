"""Tensors and a few strings as one safetensors file, whole or not at all."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from throughtime.artefact.file import written_whole
from throughtime.errors import InputError


def write_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write tensors and strings to `path`; tensors that share memory are written once each."""
    apart = {name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}
    data = safetensors.torch.save(apart, metadata)
    with written_whole(path) as unfinished:
        unfinished.write_bytes(data)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors and strings of `path`; raise InputError where it is missing or damaged."""
    with _opened(path) as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118


def read_metadata(path: Path) -> dict[str, str]:
    """Return the strings of `path` alone; raise InputError as `read_tensors` does."""
    with _opened(path) as file:
        return file.metadata() or {}


@contextmanager
def _opened(path: Path) -> Generator[Any]:
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; expected the file that a training run left there") from None
    except (SafetensorError, OSError) as damage:
        raise InputError(f"{path} cannot be read as a safetensors file: {damage}") from None
