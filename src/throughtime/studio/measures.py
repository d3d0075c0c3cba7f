"""Metrics of a server, for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from throughtime.studio.asgi import App, Message, Receive, Send

LEFT = 499
"""Status of a client that left before it was answered, by custom."""

LATENCIES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Measures:
    """Counters and histograms of one server; `waiting` counts the inputs that wait or are being answered."""

    def __init__(self, waiting: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "throughtime_requests", "Requests by status.", ["status"], registry=self._registry
        )
        self._seconds = Histogram(
            "throughtime_request_seconds",
            "Seconds from a request to its answer.",
            buckets=LATENCIES,
            registry=self._registry,
        )
        self._inputs = Counter("throughtime_inputs", "Inputs answered.", registry=self._registry)
        self._batches = Histogram(
            "throughtime_batch_inputs", "Inputs of a batch.", buckets=SIZES, registry=self._registry
        )
        Gauge(
            "throughtime_waiting_inputs", "Inputs that wait or are being answered.", registry=self._registry
        ).set_function(waiting)

    def answered(self, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(str(status)).inc()
        self._seconds.observe(seconds)

    def batch(self, inputs: int) -> None:
        """Count a batch."""
        self._inputs.inc(inputs)
        self._batches.observe(inputs)

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry)


class Timed:
    """Reports the status and the seconds of each request to one path."""

    def __init__(self, app: App, path: str, report: Callable[[int, float], None]) -> None:
        self.app, self.path, self.report = app, path, report

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] != self.path:
            await self.app(scope, receive, send)
            return
        start, status = time.perf_counter(), LEFT

        async def watched(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception:
            status = 500
            raise
        finally:
            self.report(status, time.perf_counter() - start)
