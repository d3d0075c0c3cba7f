"""How the processes of a run begin, and how many there are."""

from __future__ import annotations

import logging

import pytest

from throughtime.application.processes import join, processes, processes_here
from throughtime.training.config import Precision


def test_without_torchrun_there_is_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    assert (processes(), processes_here()) == (1, 1)


def test_torchrun_says_how_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "6")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert (processes(), processes_here()) == (6, 2)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_single_process_trains_by_itself(precision: Precision, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        fabric = join(precision)
    assert (fabric.world_size, fabric.global_rank, fabric.is_global_zero) == (1, 0, True)
    assert fabric.strategy.precision.precision == precision
    assert not caplog.records
