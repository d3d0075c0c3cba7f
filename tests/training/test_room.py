"""Room on the disk is asked for with the sum."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from throughtime.errors import InputError
from throughtime.training.keeping import in_bytes, require_room

MIB = 1 << 20


def test_what_does_not_fit_is_refused_with_the_sum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10 * MIB))
    parts = {"models": 8 * MIB, "checkpoint": 6 * MIB, "average": 0}
    with pytest.raises(InputError) as caught:
        require_room(tmp_path, parts, there=MIB)
    assert str(caught.value) == (
        f"the run will need 13 MiB more on the disk of {tmp_path}, where 10 MiB are free: models 8 MiB, "
        "checkpoint 6 MiB"
    )
    require_room(tmp_path, parts, there=4 * MIB)  # which will be written over


def test_sizes_in_words() -> None:
    assert [in_bytes(size) for size in (0, 3 * MIB, 1536 * MIB)] == ["0 MiB", "3 MiB", "1.5 GiB"]
