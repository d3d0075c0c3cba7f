"""Time spent waiting for processors, with a clock and a usage of the test's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from throughtime.training import processors
from throughtime.training.processors import Processors, Usage, read_usage


class Machine:
    """A clock and a usage that go on as they are told; two processors."""

    def __init__(self) -> None:
        self.seconds, self.running, self.waiting = 0.0, 0.0, 0.0
        self.watched = Processors(lambda: self.seconds, lambda: Usage(self.running, self.waiting))

    def run(self, seconds: float, running: float, waiting: float) -> None:
        self.seconds += seconds
        self.running += running
        self.waiting += waiting


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processors, "_available", lambda: 2)
    monkeypatch.setattr("torch.get_num_threads", lambda: 1)


BUSY = "the 2 processors are busy with other work: training waits for one 60% of its time"


def test_other_work_is_noted_once_after_ten_seconds() -> None:
    machine = Machine()
    machine.run(9.9, running=7.92, waiting=11.88)
    assert machine.watched.note() is None
    machine.run(0.1, running=0.08, waiting=0.12)
    assert machine.watched.note() == BUSY
    machine.run(10, running=8, waiting=12)
    assert machine.watched.note() is None


def test_idle_processors_are_not_noted() -> None:
    machine = Machine()
    machine.run(20, running=30, waiting=7)
    assert machine.watched.note() is None


def test_other_work_that_comes_later_is_noted_then() -> None:
    machine = Machine()
    machine.run(20, running=40, waiting=0)
    assert machine.watched.note() is None
    machine.run(10, running=8, waiting=12)
    assert machine.watched.note() == BUSY


def test_the_recent_share_is_that_of_the_last_ten_seconds() -> None:
    machine = Machine()
    machine.run(10, running=10, waiting=10)
    assert machine.watched.recent() == 0.5
    machine.run(9, running=5, waiting=15)
    assert machine.watched.recent() == 0.5
    machine.run(1, running=0, waiting=0)
    assert machine.watched.recent() == 0.75


def test_laps_and_the_whole_are_measured_apart() -> None:
    machine = Machine()
    machine.run(10, running=10, waiting=10)
    assert machine.watched.lap() == 0.5
    machine.run(10, running=5, waiting=15)
    assert machine.watched.lap() == 0.75
    assert machine.watched.whole() == 0.625


def test_threads_that_wait_for_each_other_compete_with_nobody() -> None:
    machine = Machine()
    machine.run(10, running=19, waiting=60)  # eight threads on two processors, all of both
    assert machine.watched.whole() == 0


def test_an_instant_says_nothing() -> None:
    machine = Machine()
    machine.run(0.5, running=0.1, waiting=0.9)
    assert machine.watched.whole() == 0


def test_where_the_system_does_not_count_nothing_is_said() -> None:
    seconds = [0.0]
    watched = Processors(lambda: seconds[0], lambda: None)
    seconds[0] = 60.0
    assert (watched.note(), watched.lap(), watched.whole()) == (None, 0.0, 0.0)


@pytest.mark.parametrize(
    ("threads", "environment", "advice"),
    [
        (2, {}, "; OMP_WAIT_POLICY=passive in the environment lets its threads give way"),
        (2, {"OMP_WAIT_POLICY": "passive"}, ""),
        (2, {"GOMP_SPINCOUNT": "0"}, ""),
        (1, {}, ""),
    ],
)
def test_spinning_threads_get_advice(
    monkeypatch: pytest.MonkeyPatch, threads: int, environment: Mapping[str, str], advice: str
) -> None:
    monkeypatch.setattr("torch.get_num_threads", lambda: threads)
    monkeypatch.setattr("os.environ", environment)
    machine = Machine()
    machine.run(10, running=8, waiting=12)
    assert machine.watched.note() == BUSY + advice


def test_the_waits_of_all_threads_are_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for thread, wait in (("1", 2_000_000_000), ("2", 500_000_000)):
        (tmp_path / thread).mkdir()
        (tmp_path / thread / "schedstat").write_text(f"700 {wait} 3\n")
    monkeypatch.setattr(processors, "TASKS", tmp_path)
    usage = read_usage()
    assert usage is not None
    assert usage.waiting == 2.5
    assert usage.running > 0
    monkeypatch.setattr(processors, "TASKS", tmp_path / "none")
    assert read_usage() is None
