"""A server on a port of its own, in front of a pipeline that does what a test wants."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import Any, NamedTuple

import pytest

from throughtime.application.application import AnyApplication
from throughtime.seq2seq.application import APPLICATION
from throughtime.seq2seq.pipeline import Candidate
from throughtime.studio.api import api_of
from throughtime.studio.config import ServeConfig
from throughtime.studio.server import listening, server


class Backwards:
    """Gives each line backwards; `wait` runs before each batch; a line "fault" is one."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.wait: Callable[[], None] = lambda: None

    def lines(self, lines: Sequence[str]) -> list[list[Candidate]]:
        self.batches.append(list(lines))
        self.wait()
        if "fault" in lines:
            raise RuntimeError("a fault")
        return [[Candidate(line[::-1], -1.0, -2.0)] for line in lines]


class Answer(NamedTuple):
    """Status and body of an answer."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def texts(self) -> list[str]:
        return [candidates[0]["text"] for candidates in self.json["translations"]]


class Served(NamedTuple):
    """A running server."""

    pipeline: Backwards
    port: int
    stop: Callable[[], None]  # asks it to end

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read())
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        return self.request("GET", path)

    def translate(self, text: Any) -> Answer:
        return self.post(json.dumps({"text": text}).encode())

    def post(self, body: bytes) -> Answer:
        return self.request("POST", "/translate", body, Content_Type="application/json")


@contextmanager
def running(
    config: ServeConfig, application: AnyApplication = APPLICATION, model: Any = None
) -> Generator[Served]:
    pipeline = model or Backwards()
    app = api_of(application, pipeline, config)
    with listening("127.0.0.1", 0) as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # so that few unread answers fill it
        at_work = server(app, config)
        thread = Thread(target=at_work.run, args=([opened],))
        thread.start()
        until(lambda: at_work.started)
        try:
            yield Served(pipeline, opened.getsockname()[1], lambda: setattr(at_work, "should_exit", True))
        finally:
            at_work.should_exit = True
            thread.join(30)
            assert not thread.is_alive()


def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds, ten seconds at most."""
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def served() -> Generator[Served]:
    """With narrow limits: a second, 5 lines, 100 characters, 2,000 bytes, 8 lines waiting."""
    config = ServeConfig(
        timeout=1.0, max_inputs=5, max_characters=100, max_body=2000, max_waiting=8, batch_size=6
    )
    with running(config) as running_server:
        yield running_server


@pytest.fixture
def serving() -> Callable[..., Any]:
    """A server of any application, within limits, as a context."""
    return running
