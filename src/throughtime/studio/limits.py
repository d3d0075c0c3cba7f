"""Requests that are too large or too slow, answered before they do harm."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

from throughtime.studio.asgi import App, Message, Receive, Send

LINGER = 1.0
"""Seconds for which a request that is refused is still read."""


class BodyLimit:
    """Reads the body of each request, of at most so many bytes, in at most so many seconds, for `app`.

    A larger one is answered by 413, a slower one by 408, and its connection closed.
    """

    def __init__(self, app: App, most: int, seconds: float) -> None:
        self.app, self.most, self.seconds = app, most, seconds

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if self._announced(scope) > self.most:
            await self._refuse(receive, send, 413, f"the body is larger than {self.most:,} bytes")
            return
        try:
            body = await asyncio.wait_for(self._read(receive), self.seconds)
        except TimeoutError:
            await self._refuse(receive, send, 408, f"the body did not come within {self.seconds:g} seconds")
            return
        if body is None:  # the client has left
            return
        if len(body) > self.most:
            await self._refuse(receive, send, 413, f"the body is larger than {self.most:,} bytes")
            return
        await self.app(scope, _once(body, receive), send)

    @staticmethod
    def _announced(scope: Message) -> int:
        sizes = [value for name, value in scope["headers"] if name == b"content-length"]
        return int(sizes[0]) if sizes and sizes[0].isdigit() else 0

    async def _read(self, receive: Receive) -> bytes | None:
        body = bytearray()
        while len(body) <= self.most:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        return bytes(body)

    @staticmethod
    async def _refuse(receive: Receive, send: Send, status: int, detail: str) -> None:
        """Answer; the connection is closed after a moment in which the client may still be sending: one that
        is cut off while it sends would not read the answer."""
        content = json.dumps({"detail": detail}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(content)).encode()),
            (b"connection", b"close"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content, "more_body": True})
        with suppress(TimeoutError):
            await asyncio.wait_for(_rest(receive), LINGER)
        await send({"type": "http.response.body", "body": b""})


async def _rest(receive: Receive) -> None:
    """Read what still comes, and forget it."""
    more = True
    while more:
        message = await receive()
        more = message["type"] == "http.request" and message.get("more_body", False)


def _once(body: bytes, receive: Receive) -> Receive:
    """The body as one message, then what else comes."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return waiting.pop() if waiting else await receive()

    return next_message
