"""Room on the disk for what a run keeps, asked for before it is needed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from throughtime.errors import InputError


def require_room(folder: Path, parts: Mapping[str, int], there: int) -> None:
    """Raise InputError, with the sum, where the disk of `folder` cannot hold these bytes, named by their use.

    there: bytes of files in the folder that will be written over.
    """
    needed, free = sum(parts.values()) - there, shutil.disk_usage(folder).free
    if needed > free:
        told = ", ".join(f"{name} {in_bytes(size)}" for name, size in parts.items() if size)
        raise InputError(
            f"the run will need {in_bytes(needed)} more on the disk of {folder}, where {in_bytes(free)} are "
            f"free: {told}"
        )


def in_bytes(count: int) -> str:
    """Return a number of bytes as "12 MiB" or "1.5 GiB"."""
    return f"{count / (1 << 30):.1f} GiB" if count >= 1 << 30 else f"{count / (1 << 20):.0f} MiB"
