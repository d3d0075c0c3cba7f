"""An HTTP server that waits for nobody for ever."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from socket import AF_INET, AF_INET6, create_server, socket
from typing import Any, cast

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from throughtime.errors import InputError
from throughtime.studio.config import ServeConfig

KEEP_ALIVE = 15
"""Seconds after which a connection that asks nothing more is closed."""


AHEAD = 1 << 20
"""Bytes of further requests that a client may send before it has its answer; beyond them it is cut off."""


class ImpatientProtocol(H11Protocol):
    """HTTP whose connections end where a request's head, or a client's reading, takes so many seconds.

    Whoever waits for a client to leave reads on, and what is read is kept: it must not fill the memory.
    """

    def __init__(self, *given: Any, seconds: float, **named: Any) -> None:
        super().__init__(*given, **named)
        self._seconds = seconds
        self._head: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)  # so that we are told of whatever the client has not read
        self._await_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if len(self.conn.trailing_data[0]) > AHEAD:
            self.transport.abort()
            return
        if self._answering():
            _cancel(self._head)
            self._head = None
        elif self._head is None:
            self._await_head()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._reading is None:
            self._reading = self.loop.call_later(self._seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        _cancel(self._reading)
        self._reading = None

    def connection_lost(self, exc: Exception | None) -> None:
        _cancel(self._head)
        _cancel(self._reading)
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._head = self.loop.call_later(self._seconds, self._give_up)

    def _give_up(self) -> None:
        self._head = None
        if not self._answering():
            self.transport.close()

    def _answering(self) -> bool:
        """Whether a request waits for its answer; before the first there is no cycle, its type apart."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is not None and not cycle.response_complete


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


def serve(app: FastAPI, config: ServeConfig) -> None:
    """Serve until SIGINT or SIGTERM; what has been asked by then is answered first.

    Raises InputError where the address cannot be listened at.
    """
    with listening(config.host, config.port) as opened, _ending_quietly():
        host, port = opened.getsockname()[:2]
        host = f"[{host}]" if ":" in host else host
        print(f"listening at http://{host}:{port}; API at /docs, health at /health, metrics at /metrics")
        print("Ctrl-C ends it once all requests are answered.", flush=True)
        server(app, config).run([opened])


def server(app: FastAPI, config: ServeConfig) -> uvicorn.Server:
    """A server within the limits."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=partial(ImpatientProtocol, seconds=config.timeout),  # pyright: ignore
            log_level=logging.WARNING,
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=int(config.timeout) + 1,
            limit_concurrency=config.connections + 1,  # uvicorn counts the one that asks
            server_header=False,
            ws="none",
        )
    )


def listening(host: str, port: int) -> socket:
    """A socket that listens; raises InputError where it cannot."""
    family = AF_INET6 if ":" in host else AF_INET
    try:
        return create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (while")[0]  # the address is told once
        raise InputError(
            f"{host}:{port} cannot be listened at: {reason}; expected a free port of this machine"
        ) from error


@contextmanager
def _ending_quietly() -> Generator[None]:
    """uvicorn raises the signal that ended it once more, when all is done: it need not end us too."""
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
