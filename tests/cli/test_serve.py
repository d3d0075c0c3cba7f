"""`throughtime seq2seq serve` as a program."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_stopped(
    start: Callable[..., Any], run: Callable[..., Any], trained: Path, number: int
) -> None:
    model = trained / "best.safetensors"
    process = start("seq2seq", "serve", model, "--port", "0", "--search", "greedy")
    try:
        told = process.stdout.readline().decode()
        port = re.fullmatch(
            r"listening at http://127\.0\.0\.1:(\d+); API at /docs, health at /health, metrics at /metrics\n",
            told,
        )
        assert port is not None
        connection = http.client.HTTPConnection("127.0.0.1", int(port[1]), timeout=30)
        body = json.dumps({"text": ["a b c", ""]})
        connection.request("POST", "/translate", body, {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
        connection.close()
    finally:
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, b"")
    expected = run("seq2seq", "run", model, "a b c", "--search", "greedy").out.rstrip("\n")
    assert [candidates[0]["text"] for candidates in answer["translations"]] == [expected, ""]


def test_an_address_that_is_taken(refused: Callable[..., str], trained: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = refused("seq2seq", "serve", trained / "best.safetensors", "--port", str(port))
    assert told == (
        f"127.0.0.1:{port} cannot be listened at: Address already in use; "
        "expected a free port of this machine"
    )


def test_an_address_that_is_none(refused: Callable[..., str], trained: Path) -> None:
    told = refused("seq2seq", "serve", trained / "best.safetensors", "--host", "no.such.host.invalid")
    assert told.startswith("no.such.host.invalid:8000 cannot be listened at: ")
    assert told.endswith("; expected a free port of this machine") and "while" not in told


def test_limits_out_of_range(refused: Callable[..., str], trained: Path) -> None:
    serve = ["seq2seq", "serve", trained / "best.safetensors"]
    assert refused(*serve, "--timeout", "0") == "timeout is 0.0; expected above 0 and below a million"
    assert refused(*serve, "--max-inputs", "5000") == "max_waiting is 2000; expected at least max_inputs"
