"""Memory that is used again."""

from __future__ import annotations

import gc
import threading

import pytest
import torch

from native_scan import needs_native
from throughtime import LSTM
from throughtime.engine import memory
from throughtime.engine.memory import HELD, LARGE, Pool

LIKE = torch.empty(0)


def test_memory_comes_back_and_is_used_again() -> None:
    pool = Pool()
    first = pool.empty(LIKE, 1000, 1000)
    place = first.data_ptr()
    part = first[10:20]
    del first
    assert pool.waiting() == 0  # a part of it is still there
    del part
    assert pool.waiting() >= 4_000_000
    again = pool.empty(LIKE.double(), 500, 990)
    assert again.data_ptr() == place
    assert again.dtype == torch.float64 and again.shape == (500, 990)
    assert pool.waiting() == 0


def test_two_tensors_never_share_memory() -> None:
    pool = Pool()
    made = [pool.empty(LIKE, 600, 1000).fill_(k) for k in range(5)]
    assert all(bool((one == k).all()) for k, one in enumerate(made))


def test_small_tensors_are_no_matter_for_the_pool() -> None:
    pool = Pool()
    del_me = pool.empty(LIKE, 1, LARGE // 4 - 1)
    del del_me
    assert pool.waiting() == 0


def test_a_large_block_does_not_serve_a_small_tensor() -> None:
    pool = Pool()
    pool.empty(LIKE, 10_000, 1000)
    assert pool.waiting() >= 40_000_000
    kept = pool.empty(LIKE, 600, 1000)
    assert pool.waiting() >= 40_000_000
    assert kept.shape == (600, 1000)


def test_no_more_waits_than_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "HELD", 10_000_000)
    pool = Pool()
    many = [pool.empty(LIKE, 1000, 1000) for _ in range(5)]
    del many
    pool.empty(LIKE, 600, 1000)
    assert pool.waiting() <= 10_000_000
    assert HELD == 1 << 30


@needs_native
def test_what_training_keeps_comes_back_after_the_way_back() -> None:
    layer = LSTM(64, 256, backend="compiled")
    x = torch.randn(30, 40, 64)
    layer(x)[0].sum().backward()  # what earlier tests left beyond the pool's limit goes
    gc.collect()
    before = memory.pool.waiting()
    output, _ = layer(x)
    kept = memory.pool.waiting()
    output.sum().backward()
    assert memory.pool.waiting() > kept
    assert memory.pool.waiting() >= before


def test_threads_side_by_side() -> None:
    pool = Pool()

    def work(number: int) -> None:
        for k in range(50):
            one = pool.empty(LIKE, 300 + 10 * (k % 7), 1000).fill_(number)
            assert bool((one == number).all())

    workers = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
