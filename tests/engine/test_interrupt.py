"""Signals that come while the library works: their handlers run soon, and what one raises ends the call."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor

from native_scan import needs_native
from throughtime import GRU, LSTM
from throughtime.engine.packed_products import best_words
from throughtime.engine.softmax import softmax_loss

pytestmark = [
    needs_native,
    pytest.mark.skipif(os.name == "nt", reason="signals cannot be sent to oneself there"),
]

AFTER = 0.3
"""Seconds after which the signal comes; each call would take many."""

WITHIN = 1.0
"""Seconds within which it has to be heard."""


@contextmanager
def signal_soon() -> Iterator[None]:
    """Sends this process a SIGINT while the body runs."""
    timer = threading.Timer(AFTER, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        yield
    finally:
        timer.join()


def inference() -> Callable[[], object]:
    layer, x = LSTM(256, 1024).eval(), torch.randn(3000, 128, 256)
    return torch.no_grad()(lambda: layer(x))


def few_rows() -> Callable[[], object]:
    """Threads share the columns of products, and those of all steps come first."""
    layer, x = GRU(2048, 2048).eval(), torch.randn(3000, 2, 2048)
    return torch.no_grad()(lambda: layer(x))


def both_ways() -> Callable[[], object]:
    layer, x = LSTM(64, 1024, bidirectional=True).eval(), torch.randn(2000, 64, 64)
    return torch.no_grad()(lambda: layer(x))


def training() -> Callable[[], object]:
    layer, x = LSTM(128, 1024), torch.randn(600, 64, 128)

    def step() -> None:
        while True:
            layer(x)[0].sum().backward()

    return step


def loss() -> Callable[[], object]:
    features, weight = torch.randn(30_000, 512), torch.randn(40_000, 512)
    targets = torch.zeros(30_000, dtype=torch.int64)
    return lambda: softmax_loss(features, weight, None, targets, 0.0, gradients=True)


def search() -> Callable[[], object]:
    features, weight = torch.randn(30_000, 512), torch.randn(40_000, 512)
    return lambda: best_words(features, weight, None, 5, 0, ())


@pytest.mark.parametrize(
    "make", [inference, few_rows, both_ways, training, loss, search], ids=lambda make: make.__name__
)
def test_ctrl_c_is_heard_within_a_second(make: Callable[[], Callable[[], object]]) -> None:
    call = make()
    begun = time.perf_counter()
    with pytest.raises(KeyboardInterrupt), signal_soon():
        call()
    assert time.perf_counter() - begun < AFTER + WITHIN


@contextmanager
def handled_by(handler: Callable[..., object]) -> Iterator[None]:
    """Has SIGINT handled by another handler while the body runs."""
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("pause", [0.0, 0.3], ids=["quick", "other threads fall asleep meanwhile"])
@pytest.mark.parametrize("batch", [2, 64])
def test_a_handler_that_does_not_raise_changes_nothing(batch: int, pause: float) -> None:
    layer, x = LSTM(64, 256).eval(), torch.randn(128_000 // batch, batch, 64)
    heard: list[float] = []

    @torch.no_grad()
    def output() -> Tensor:
        return layer(x)[0]

    def handler(*_: object) -> None:
        heard.append(time.perf_counter())
        time.sleep(pause)

    expected = output()
    with handled_by(handler), signal_soon():
        begun = time.perf_counter()
        while not heard:
            assert torch.equal(output(), expected)
        assert torch.equal(output(), expected)
    assert heard[0] - begun < AFTER + WITHIN


@pytest.mark.parametrize("make", [inference, few_rows], ids=lambda make: make.__name__)
def test_a_handler_that_raises_after_other_threads_have_fallen_asleep(
    make: Callable[[], Callable[[], object]],
) -> None:
    def handler(*_: object) -> None:
        time.sleep(0.3)
        raise KeyboardInterrupt

    call = make()
    begun = time.perf_counter()
    with handled_by(handler), pytest.raises(KeyboardInterrupt), signal_soon():
        call()
    assert time.perf_counter() - begun < AFTER + 0.3 + WITHIN


def test_the_next_call_is_whole() -> None:
    layer, x = LSTM(256, 1024).eval(), torch.randn(3000, 64, 256)
    short = x[:3]
    with torch.no_grad():
        expected = layer(short)[0]
        with pytest.raises(KeyboardInterrupt), signal_soon():
            layer(x)
        assert torch.equal(layer(short)[0], expected)


def test_an_exception_of_any_kind() -> None:
    class Stop(Exception):
        pass

    def stop(*_: object) -> None:
        raise Stop("enough")

    call = inference()
    with handled_by(stop), pytest.raises(Stop, match="enough"), signal_soon():
        call()
