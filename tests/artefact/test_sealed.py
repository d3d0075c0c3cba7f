"""Sealed files: what is written is read, and no other bytes are."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor

from throughtime.artefact.sealed import REPAIR, read_fields, read_sealed, seal
from throughtime.errors import InputError

TENSORS = {
    "a": torch.arange(6.0).reshape(2, 3),
    "b": torch.arange(6.0, 12.0).reshape(2, 3),
    "halves": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
    "count": torch.tensor(7),
    "none": torch.zeros(0, 4),
}
FIELDS = {"format": "sealed 1", "state": json.dumps({"step": 12, "best": 0.25})}
WHOLE = seal(TENSORS, FIELDS)


def accept(fields: Mapping[str, Any]) -> None:
    if fields.get("format") != "sealed 1":
        raise InputError("of another format")


def read(folder: Path, data: bytes) -> tuple[dict[str, Tensor], dict[str, str]]:
    (folder / "f").write_bytes(data)
    return read_sealed(folder / "f", "checkpoint", accept)


def refusal(folder: Path, data: bytes) -> str:
    with pytest.raises(InputError) as caught:
        read(folder, data)
    return str(caught.value).replace(f"{folder}/", "")


def test_what_is_sealed_is_read(tmp_path: Path) -> None:
    tensors, fields = read(tmp_path, WHOLE)
    assert fields == FIELDS
    assert tensors.keys() == TENSORS.keys()
    assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)
    assert {**read_fields(tmp_path / "f", "checkpoint"), "digest": ""} == {**FIELDS, "digest": ""}


@pytest.mark.parametrize("seed", range(8))
def test_every_byte_with_a_flipped_bit_is_refused(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    for place in range(len(WHOLE)):
        data = bytearray(WHOLE)
        data[place] ^= 1 << draw.randrange(8)
        assert "\n" not in refusal(tmp_path, bytes(data))


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    for length in range(len(WHOLE)):
        assert refusal(tmp_path, WHOLE[:length])
    assert refusal(tmp_path, b"") == f"f is empty; expected a checkpoint; {REPAIR}"
    missing = f"f is truncated: it has {len(WHOLE) - 1:,} bytes and 1 or more are missing; {REPAIR}"
    assert refusal(tmp_path, WHOLE[:-1]) == missing


def test_bytes_added_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, WHOLE + b"\0") == f"f is damaged: its content cannot be read; {REPAIR}"


@pytest.mark.parametrize(
    "changes",
    [
        dict(tensors={"a": TENSORS["b"], "b": TENSORS["a"]}),
        dict(tensors={"a": TENSORS["a"].reshape(3, 2)}),
        dict(tensors={"count": torch.tensor(7.0, dtype=torch.float64)}),
        dict(tensors={"more": torch.ones(1)}),
        dict(fields={"state": json.dumps({"step": 13, "best": 0.25})}),
        dict(fields={"more": "x"}),
    ],
    ids=str,
)
def test_a_file_rewritten_with_the_old_digest_is_refused(
    tmp_path: Path, changes: dict[str, dict[str, Any]]
) -> None:
    (tmp_path / "f").write_bytes(WHOLE)
    metadata = {**read_fields(tmp_path / "f", "checkpoint"), **changes.get("fields", {})}
    data = safetensors.torch.save({**TENSORS, **changes.get("tensors", {})}, metadata)
    expected = f"f is damaged: its content does not match the digest stored with it; {REPAIR}"
    assert refusal(tmp_path, data) == expected


def test_a_file_without_a_digest_is_refused(tmp_path: Path) -> None:
    data = safetensors.torch.save(TENSORS, FIELDS)
    assert refusal(tmp_path, data) == f"f is damaged: its content cannot be read; {REPAIR}"


def test_the_format_is_looked_at_first(tmp_path: Path) -> None:
    assert refusal(tmp_path, safetensors.torch.save(TENSORS, {"format": "old"})) == "of another format"
    for data in (safetensors.torch.save(TENSORS), b"something else"):
        assert refusal(tmp_path, data) == "f is not a checkpoint that throughtime wrote"


def test_the_header_alone_of_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none does not exist; expected a checkpoint$"):
        read_fields(tmp_path / "none", "checkpoint")
    with pytest.raises(InputError, match=r"cannot be read: Is a directory$"):
        read_fields(tmp_path, "checkpoint")
