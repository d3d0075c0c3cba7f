"""Batches prepared ahead are the same batches, and their workers end with the run."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console

from regression import Regression, fit
from throughtime.errors import InputError
from throughtime.training.config import TrainingConfig
from throughtime.training.prefetch import AHEAD, prepared_ahead


class Batches:
    """Batch n is 10 n; notes what is asked for, and by which threads."""

    def __init__(self, length: int, before: Callable[[int], object] = lambda number: None) -> None:
        self.length, self.before = length, before
        self.asked: list[int] = []
        self.threads: set[str] = set()

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, number: int) -> int:
        self.asked.append(number)
        self.threads.add(threading.current_thread().name)
        self.before(number)
        return 10 * number


def workers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("throughtime-batches")]


def settled(batches: Batches, count: int) -> list[int]:
    """What was asked for, some time after `count` batches were, or after ten seconds."""
    end = time.monotonic() + 10
    while len(batches.asked) < count and time.monotonic() < end:
        time.sleep(0.001)
    time.sleep(0.005)
    return sorted(batches.asked)


@pytest.mark.parametrize("number", [0, 1, 4])
def test_batches_come_as_asked_for(number: int) -> None:
    batches = Batches(20, lambda _: time.sleep(random.random() / 1000))
    order = [3, 4, 7, 5, *range(8, 20)]
    with prepared_ahead(batches, order, number) as prepared:
        assert len(prepared) == 20
        assert [prepared[k] for k in order] == [10 * k for k in order]
    assert sorted(batches.asked) == sorted(order)
    assert not workers()


def test_without_workers_nothing_is_prepared_ahead() -> None:
    batches = Batches(9)
    with prepared_ahead(batches, range(9), 0) as prepared:
        assert prepared[0] == 0
    assert batches.asked == [0]
    assert batches.threads == {threading.current_thread().name}


def test_workers_prepare_side_by_side() -> None:
    meeting = threading.Barrier(4, timeout=10)  # nobody passes until four batches are in preparation
    with prepared_ahead(Batches(8, lambda _: meeting.wait()), range(8), 4) as prepared:
        assert [prepared[k] for k in range(8)] == [10 * k for k in range(8)]


def test_no_more_batches_wait_than_are_allowed() -> None:
    batches, depth = Batches(50), 3 * AHEAD
    with prepared_ahead(batches, range(50), 3) as prepared:
        for used in range(10):
            assert settled(batches, depth + used) == list(range(depth + used))
            assert prepared[used] == 10 * used


def test_a_batch_can_be_asked_for_again() -> None:
    with prepared_ahead(Batches(5), range(5), 2) as prepared:
        assert [prepared[k] for k in (0, 1, 1, 0, 2)] == [0, 10, 10, 0, 20]


def test_what_is_not_prepared_yet_is_dropped_at_the_end() -> None:
    gate = threading.Event()
    batches = Batches(9, lambda _: gate.wait(10))
    with prepared_ahead(batches, range(9), 1):
        settled(batches, 1)
        threading.Timer(0.05, gate.set).start()
    assert batches.asked == [0]
    assert not workers()


class Prepared(Regression):
    """Batches with noise from generators of their own, prepared one at a time."""

    def __init__(self, before: Callable[[int], object] = lambda number: None) -> None:
        super().__init__(dropout=0.3)
        self.before, self.asked = before, list[int]()

    def batches(self, epoch: int) -> Any:
        self.seen.append(epoch)
        return Noisy(self, epoch)


class Noisy:
    def __init__(self, task: Prepared, epoch: int) -> None:
        self.task, self.epoch = task, epoch

    def __len__(self) -> int:
        return self.task.number

    def __getitem__(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        self.task.asked.append(number)
        self.task.before(number)
        x, y = self.task.batch(100 * self.epoch + number)
        noise = np.random.default_rng([7, self.epoch, number]).normal(size=tuple(x.shape))
        return x + torch.from_numpy(noise).float(), y


def weights(task: Regression) -> list[torch.Tensor]:
    return list(task.module.state_dict().values())


def same(a: Regression, b: Regression) -> bool:
    return all(map(torch.equal, weights(a), weights(b)))


@pytest.mark.parametrize("accumulate", [1, 3])
def test_any_number_of_workers_trains_to_the_same_bits(
    tmp_path: Path, console: Console, accumulate: int
) -> None:
    tasks = [Prepared(lambda _: time.sleep(random.random() / 500)) for _ in range(3)]
    for task, number in zip(tasks, (0, 1, 4), strict=True):
        config = TrainingConfig(max_epochs=2.5, workers=number, accumulate=accumulate)
        fit(task, config, tmp_path / str(number), console=console)
    assert same(tasks[0], tasks[1]) and same(tasks[0], tasks[2])


def test_preparing_does_not_change_the_random_numbers_of_the_loss(tmp_path: Path, console: Console) -> None:
    def draw(_: int) -> None:
        torch.rand(3), np.random.random(), random.random()

    tasks = [Prepared(), Prepared(draw)]
    for number, task in enumerate(tasks):
        fit(task, TrainingConfig(max_epochs=1), tmp_path / str(number), console=console)
    assert same(*tasks)


@pytest.mark.parametrize("number", [0, 3])
def test_a_resumed_run_prepares_from_where_it_stopped(tmp_path: Path, console: Console, number: int) -> None:
    config = TrainingConfig(max_epochs=1.375, workers=number)  # 11 batches of 8
    fit(Prepared(), config, tmp_path, console=console)
    straight, resumed = Prepared(), Prepared()
    more = TrainingConfig(max_epochs=2, workers=number)
    fit(straight, more, tmp_path / "straight", console=console)
    fit(resumed, more, tmp_path, resume=True, console=console)
    assert (sorted(resumed.asked), resumed.seen) == ([3, 4, 5, 6, 7], [1])
    assert same(straight, resumed)


def test_an_error_of_a_worker_is_raised_as_it_is(tmp_path: Path, console: Console) -> None:
    def fail(number: int) -> None:
        if number == 5:
            raise InputError("clip.mp4 is damaged")

    task = Prepared(fail)
    with pytest.raises(InputError, match=r"^clip\.mp4 is damaged$"):
        fit(task, TrainingConfig(workers=2), tmp_path, console=console)
    assert not workers()


def test_ctrl_c_ends_the_workers(tmp_path: Path, console: Console) -> None:
    task = Prepared(lambda _: time.sleep(0.001))
    seen: list[int] = []

    def interrupt() -> None:
        seen.append(len(workers()))
        if len(seen) == 3:
            os.kill(os.getpid(), signal.SIGINT)

    task.before_loss = interrupt
    outcome = fit(task, TrainingConfig(workers=2), tmp_path, console=console)
    assert (outcome.stopped, outcome.step) == ("interrupt", 3)
    assert seen[0] > 0
    assert not workers()


def test_the_second_ctrl_c_ends_the_workers_too(tmp_path: Path, console: Console) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    task = Prepared()
    task.before_loss = stop
    with pytest.raises(KeyboardInterrupt):
        fit(task, TrainingConfig(workers=2), tmp_path, console=console)
    assert not workers()
