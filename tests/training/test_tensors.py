"""Files of tensors."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
import torch
from torch import Tensor

from throughtime.artefact.sealed import read_sealed
from throughtime.errors import InputError
from throughtime.training.checkpoint import write_tensors


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    return read_sealed(path, "file", lambda _: None)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    shared = torch.arange(6.0).reshape(2, 3)
    tensors = {"a": shared, "b": shared, "turned": shared.T, "bytes": torch.tensor([1, 2], dtype=torch.uint8)}
    write_tensors(tmp_path / "f.safetensors", tensors, {"é": "ü"})
    found, metadata = read(tmp_path / "f.safetensors")
    assert metadata == {"é": "ü"}
    assert set(found) == set(tensors)
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)


def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f.safetensors"
    write_tensors(path, {"a": torch.ones(1)}, {})

    def full(self: Path, data: bytes) -> None:
        with self.open("wb") as file:
            file.write(data[:5])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match=r"f\.safetensors cannot be written: No space left on device"):
        write_tensors(path, {"a": torch.zeros(1)}, {})
    assert list(tmp_path.iterdir()) == [path]
    assert read(path)[0]["a"].tolist() == [1.0]
