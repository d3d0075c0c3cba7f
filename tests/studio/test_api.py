"""The API of an application: what it answers, and what it refuses."""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from threading import Event
from typing import Any

import pytest

from throughtime.studio.config import ServeConfig
from toy_application import BYTES_APPLICATION, JSON_APPLICATION


def test_a_line_and_several(served: Any) -> None:
    answer = served.translate("abc")
    assert (answer.status, answer.json) == (
        200,
        {"translations": [[{"text": "cba", "score": -1.0, "log_probability": -2.0}]]},
    )
    assert served.translate(["ab", "", "cd"]).texts == ["ba", "", "dc"]
    assert served.translate([]).json == {"translations": []}


def test_its_own_description_health_and_measures(served: Any) -> None:
    assert "/translate" in served.get("/openapi.json").json["paths"]
    assert served.get("/health").json["status"] == "ok"
    served.translate(["ab", "cd"])
    served.post(b"{")
    told = served.get("/metrics").body.decode()
    for line in (
        'throughtime_requests_total{status="200"} 1.0',
        'throughtime_requests_total{status="422"} 1.0',
        "throughtime_inputs_total 2.0",
        "throughtime_request_seconds_count 2.0",
        "throughtime_waiting_inputs 0.0",
    ):
        assert line in told.splitlines()


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"", 422, "body: Field required"),
        (b"{", 422, "JSON decode error"),
        (b"[1, 2]", 422, "body: "),
        (b'{"text": 5}', 422, "text.str: Input should be a valid string; text.list"),
        (b'{"text": ["a", null]}', 422, "text.list[str].1: Input should be a valid string"),
        (b'{"line": "a"}', 422, "text: Field required"),
        (b'{"text": "\xff\xfe"}', 400, "error parsing the body"),
        (b"[" * 1900, 400, "error parsing the body"),
        (json.dumps({"text": ["a"] * 6}).encode(), 413, "6 inputs; at most 5 are allowed"),
        (json.dumps({"text": "a" * 101}).encode(), 413, "101 characters; at most 100 are allowed"),
        (json.dumps({"text": "a" * 3000}).encode(), 413, "the body is larger than 2,000 bytes"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence(served: Any, body: bytes, status: int, told: str) -> None:
    answer = served.post(body)
    assert answer.status == status
    assert told in answer.json["detail"]
    assert served.translate("ab").texts == ["ba"]
    assert served.pipeline.batches == [["ab"]]


def test_odd_text_is_translated(served: Any) -> None:
    for text in ("\ud800", "\x00", "🙂", "a\nb"):
        assert served.translate(text).status == 200


def test_a_body_in_pieces_without_an_end(served: Any) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    connection.putrequest("POST", "/translate")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    for _ in range(3):
        connection.send(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["detail"]) == (
        413,
        "the body is larger than 2,000 bytes",
    )


def test_a_client_that_is_too_slow(served: Any) -> None:
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as slow:
        slow.sendall(b"POST /translate HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
        assert slow.recv(1000).startswith(b"HTTP/1.1 408 ")
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as slower:
        slower.sendall(b"POST /translate HT")
        assert slower.recv(1000) == b""  # closed without a word
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as silent:
        assert silent.recv(1000) == b""
    assert 2.9 < time.monotonic() - start < 9


@contextmanager
def busy(served: Any, text: str) -> Generator[tuple[ThreadPoolExecutor, Future[Any], Event]]:
    """Clients, the answer to a text that is worked on, and what lets the work end."""
    hold = Event()
    served.pipeline.wait = lambda: hold.wait(5)
    with ThreadPoolExecutor() as clients:
        asked = clients.submit(served.translate, text)
        while not served.pipeline.batches:
            time.sleep(0.01)
        yield clients, asked, hold


def test_requests_that_wait_together_are_one_batch(served: Any) -> None:
    with busy(served, "first") as (clients, first, hold):
        others = [clients.submit(served.translate, [name, name]) for name in ("ab", "cd")]
        while served.get("/health").json["waiting_inputs"] < 5:
            time.sleep(0.01)
        full = served.translate(["x"] * 4)
        assert (full.status, full.json["detail"]) == (503, "too much is waiting; ask again later")
        hold.set()
        assert first.result().texts == ["tsrif"]
        assert [one.result().texts for one in others] == [["ba", "ba"], ["dc", "dc"]]
    assert [len(batch) for batch in served.pipeline.batches] == [1, 4]


def test_one_request_s_fault_is_not_the_others(served: Any) -> None:
    with busy(served, "first") as (clients, first, hold):
        good, bad = clients.submit(served.translate, "ab"), clients.submit(served.translate, "fault")
        while served.get("/health").json["waiting_inputs"] < 3:
            time.sleep(0.01)
        hold.set()
        assert (first.result().status, good.result().status, bad.result().status) == (200, 200, 500)
    assert served.translate("ab").status == 200


def test_nobody_works_for_those_who_have_gone(served: Any) -> None:
    with busy(served, "late") as (_, late, hold):
        with socket.create_connection(("127.0.0.1", served.port)) as leaving:
            leaving.sendall(request("gone"))
            while served.get("/health").json["waiting_inputs"] < 2:
                time.sleep(0.01)
        answer = late.result()
        assert (answer.status, answer.json["detail"]) == (504, "no answer within 1 seconds")
        hold.set()
        while served.get("/health").json["waiting_inputs"]:
            time.sleep(0.01)
    assert served.pipeline.batches == [["late"]]


def test_what_was_asked_is_answered_before_the_end(served: Any) -> None:
    served.pipeline.wait = lambda: time.sleep(0.5)
    with ThreadPoolExecutor() as clients:
        asked = clients.submit(served.translate, "ab")
        while not served.pipeline.batches:
            time.sleep(0.01)
        served.stop()
        assert asked.result().texts == ["ba"]


def test_many_faults_in_one_request_are_told_as_one(served: Any) -> None:
    answer = served.post(b'{"text": [' + b"1," * 900 + b"1]}")
    assert answer.status == 422 and len(answer.body) < 300


def test_a_large_body_is_refused_to_a_client_that_is_still_sending(served: Any) -> None:
    answer = served.post(json.dumps({"text": "a" * 5_000_000}).encode())
    assert (answer.status, answer.json["detail"]) == (413, "the body is larger than 2,000 bytes")


def request(text: str) -> bytes:
    body = json.dumps({"text": text}).encode()
    head = (
        b"POST /translate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    )
    return head % len(body) + body


def test_requests_sent_ahead_are_answered_in_turn(served: Any) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as client:
        client.sendall(b"".join(request(f"{k:03}") for k in range(50)))
        got = b""
        while got.count(b'"text":"') < 50:
            got += client.recv(1 << 16)
    assert re.findall(rb'"text":"(\d+)"', got) == [f"{k:03}"[::-1].encode() for k in range(50)]


def test_a_client_too_far_ahead_is_cut_off(served: Any) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as hasty, pytest.raises(OSError):
        for _ in range(10_000):
            hasty.sendall(request("a" * 100) * 100)
    assert served.translate("ab").texts == ["ba"]


def test_a_client_that_does_not_read_is_cut_off(served: Any) -> None:
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        deaf.settimeout(20)
        deaf.connect(("127.0.0.1", served.port))
        deaf.sendall(request("a" * 100) * 500)
        time.sleep(3)
        answered = len(served.pipeline.batches)
        time.sleep(0.2)
        assert answered == len(served.pipeline.batches) < 500
    assert served.translate("ab").texts == ["ba"]


def test_json_is_answered_value_by_value(serving: Callable[..., Any]) -> None:
    config = ServeConfig(max_inputs=3)
    with serving(config, replace(JSON_APPLICATION, route=("double", "doubled")), object()) as served:

        def post(body: object) -> Any:
            return served.request(
                "POST", "/double", json.dumps(body).encode(), Content_Type="application/json"
            )

        assert post({"inputs": [1, 2.5, "ab"]}).json == {"doubled": [2, 5.0, "abab"]}
        assert post({"inputs": []}).json == {"doubled": []}
        assert post({"inputs": [1] * 4}).json == {"detail": "4 inputs; at most 3 are allowed"}
        refused = post({"inputs": [1, "fault"]})
        assert (refused.status, refused.json) == (422, {"detail": "a fault cannot be doubled"})
        assert post({"text": "a"}).status == 422


def test_bytes_are_answered_as_they_are(serving: Callable[..., Any]) -> None:
    config = ServeConfig(max_body=100)
    with serving(config, BYTES_APPLICATION, object()) as served:

        def post(body: bytes) -> Any:
            return served.request("POST", "/run", body, Content_Type="image/png")

        assert post(b"\x00\xff" * 20).json == {"answers": [40]}
        assert post(b"fault").json == {"detail": "a fault cannot be doubled"}
        assert post(b"x" * 101).status == 413
        assert "application/octet-stream" in str(served.get("/openapi.json").json["paths"]["/run"])
