"""Tensors and a few strings as one sealed file, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from throughtime.artefact.file import written_whole
from throughtime.artefact.sealed import seal


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write tensors, strings and their digest to `path`; tensors that share memory are written once each.

    `artefact.sealed.read_sealed` reads them back.
    """
    apart = {name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}
    data = seal(apart, metadata)
    with written_whole(path) as unfinished:
        unfinished.write_bytes(data)
