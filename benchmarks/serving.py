"""A served translator under load: requests a second, and how long they take.

`throughtime seq2seq serve MODEL` is started, and so many connections on loopback each ask for one
sentence after the other, without a pause, for so many seconds. Sentences are those of the phrasebook's
test, or of a text file. Clients and server share the machine.

    python benchmarks/serving.py MODEL --connections 32 --seconds 60    writes serving.json
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from cyclopts import App

from throughtime.corpora import phrasebook

app = App(help=__doc__, help_format="plaintext")


def request(sentence: str) -> bytes:
    """The bytes of a request."""
    body = json.dumps({"text": sentence}).encode()
    head = (
        "POST /translate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def client(
    port: int, requests: Sequence[bytes], until: float, seconds: list[float], errors: list[str]
) -> None:
    """Ask for one sentence after the other over one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    number = 0
    while time.monotonic() < until:
        start = time.monotonic()
        writer.write(requests[number % len(requests)])
        number += 1
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        body = await reader.readexactly(int(length[1]) if length else 0)
        if " 200 " in head.splitlines()[0] and json.loads(body)["translations"][0][0]["text"]:
            seconds.append(time.monotonic() - start)
        else:
            errors.append(f"{head.splitlines()[0]}: {body[:100]!r}")
    writer.close()


async def load(port: int, connections: int, duration: float, sentences: Sequence[str]) -> dict[str, float]:
    """Requests a second, latencies in milliseconds, and errors, of all clients together."""
    seconds: list[float] = []
    errors: list[str] = []
    until = time.monotonic() + duration
    mine = [[request(one) for one in sentences[k::connections]] for k in range(connections)]
    failed = await asyncio.gather(
        *(client(port, own, until, seconds, errors) for own in mine), return_exceptions=True
    )
    errors += [repr(one) for one in failed if one is not None]
    for told in errors[:5]:
        print(told, file=sys.stderr)
    p50, p99 = np.percentile(seconds, [50, 99]) * 1000
    return {
        "requests": len(seconds),
        "requests a second": len(seconds) / duration,
        "p50, ms": float(p50),
        "p99, ms": float(p99),
        "longest, ms": max(seconds) * 1000,
        "errors": len(errors),
    }


@app.default
def main(
    model: Path,
    *,
    connections: int = 32,
    seconds: float = 60,
    file: Path | None = None,
    options: str = "",
    output: Path = Path("serving.json"),
) -> None:
    """Start the server, load it, and end it."""
    sentences = file.read_text().splitlines() if file else [pair.src for pair in phrasebook.build().test]
    command = [sys.executable, "-m", "throughtime", "seq2seq", "serve", str(model), "--port", "0"]
    server = subprocess.Popen([*command, *options.split()], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port = re.search(r"http://[^:]+:(\d+)", server.stdout.readline())
        if port is None:
            raise SystemExit("the server did not start")
        asyncio.run(load(int(port[1]), connections, 2, sentences))  # warm
        found = asyncio.run(load(int(port[1]), connections, seconds, sentences))
    finally:
        server.terminate()
        server.wait()
    print(f"{connections} connections, {seconds:g} seconds")
    for name, value in found.items():
        print(f"  {name}: {value:,.1f}" if name.endswith(("second", "ms")) else f"  {name}: {value:,}")
    output.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    app()
