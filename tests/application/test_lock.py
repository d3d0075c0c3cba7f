"""A folder has one run at a time."""

from __future__ import annotations

import fcntl
import re
from pathlib import Path

import pytest
from lightning_fabric import Fabric

from throughtime.application.lock import LOCK, held, held_by_first, is_held
from throughtime.errors import InputError


def test_a_folder_in_use_is_refused_until_it_is_free(tmp_path: Path) -> None:
    assert not is_held(tmp_path)
    with (tmp_path / LOCK).open("wb") as file:  # as another process would
        fcntl.flock(file, fcntl.LOCK_EX)
        assert is_held(tmp_path)
        sentence = f"{tmp_path} is in use by a run that has not ended; "
        with pytest.raises(InputError, match=re.escape(sentence)), held(tmp_path):
            pass
    with held(tmp_path):
        assert is_held(tmp_path)
    assert not is_held(tmp_path)


def test_a_process_may_hold_what_it_holds(tmp_path: Path) -> None:
    with held(tmp_path):
        with held(tmp_path):
            pass
        assert is_held(tmp_path)
    assert not is_held(tmp_path)


def test_whoever_looks_is_in_nobody_s_way(tmp_path: Path) -> None:
    with held(tmp_path):
        pass
    with (tmp_path / LOCK).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        assert not is_held(tmp_path)


def test_the_first_process_holds_the_folder_for_all(tmp_path: Path) -> None:
    with held_by_first(Fabric(accelerator="cpu", devices=1), tmp_path):
        assert is_held(tmp_path)
    assert not is_held(tmp_path)
    with (tmp_path / LOCK).open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with (
            pytest.raises(InputError, match="is in use by a run that has not ended"),
            held_by_first(Fabric(accelerator="cpu", devices=1), tmp_path),
        ):
            pass
