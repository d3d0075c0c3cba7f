from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughtime.errors import InputError
from throughtime.files.lines import given_lines, incoming_lines, numbered_lines, opened, read_lines
from written import write

CHARACTERS = st.characters(codec="utf-8", exclude_characters="\n\0")


def error_of(lines: Iterable[object]) -> str:
    with pytest.raises(InputError) as caught:
        list(lines)
    return str(caught.value)


def test_only_line_feeds_end_lines() -> None:
    odd = "a\u2028b\u0085c\x0bd\x0ce\x1cf\rg"
    write("a.en", f"{odd}\r\nsecond\n\nfourth")
    assert list(read_lines("a.en")) == [odd, "second", "", "fourth"]
    write("b.en", f"{odd}\r\nsecond\n\nfourth", "utf-16")
    assert list(read_lines("b.en", "utf-16")) == [odd, "second", "", "fourth"]


def test_byte_order_mark_is_dropped_at_the_start_alone() -> None:
    write("a.en", "\ufeffone\n\ufefftwo\n")
    assert list(read_lines("a.en")) == ["one", "\ufefftwo"]
    write("b.en", "\ufeffone\n\ufefftwo\n", "utf-16-be")
    assert list(read_lines("b.en", "utf-16-be")) == ["one", "\ufefftwo"]


def test_lines_have_numbers_and_come_one_by_one() -> None:
    write("a.gz", b"one\n\nthree\n\xff\n")
    lines = numbered_lines("a.gz")
    assert [next(lines), next(lines), next(lines)] == [(1, "one"), (2, ""), (3, "three")]
    with pytest.raises(InputError, match=r"a\.gz:4: byte 1 \(0xff\) is not UTF-8 text"):
        next(lines)


@given(st.lists(st.text(CHARACTERS), min_size=1))
def test_lines_come_back_as_written(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    path = tmp_path_factory.mktemp("lines") / "text"
    expected = [line.removesuffix("\r") for line in lines]
    expected[0] = expected[0].removeprefix("\ufeff")
    for encoding in ("utf-8", "UTF8", "utf-16", "utf-16-le", "utf-32", "gb18030"):
        path.write_bytes("".join(f"{line}\n" for line in lines).encode(encoding))
        assert list(read_lines(path, encoding)) == expected


@given(st.binary(max_size=100), st.sampled_from(["utf-8", "cp1252", "utf-16", "shift_jis", "utf-7", "idna"]))
def test_any_bytes_give_lines_or_an_input_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, encoding: str
) -> None:
    path = tmp_path_factory.mktemp("bytes") / "text"
    path.write_bytes(data)
    try:
        assert all("\n" not in line for line in read_lines(path, encoding))
    except InputError as error:
        assert "text" in str(error)


def test_eight_bit_encodings_are_named() -> None:
    write("a.txt", "çà et là\n1 €\n", "cp1252")
    assert list(read_lines("a.txt", "cp1252")) == ["çà et là", "1 €"]
    assert error_of(read_lines("a.txt")) == (
        "a.txt:1: byte 1 (0xe7) is not UTF-8 text; save the file in the UTF-8 encoding"
    )


def test_a_byte_that_the_named_encoding_lacks() -> None:
    write("a.txt", b"one\nand \x81\n")
    assert error_of(read_lines("a.txt", "cp1252")) == (
        "a.txt:2: character 5 is the byte 0x81, which is not cp1252 text; name the encoding that the file has"
    )
    write("b.txt", "one\ntwo".encode("utf-16-le") + b"\x3d")
    assert error_of(read_lines("b.txt", "utf-16-le")) == (
        "b.txt:2: character 4 is the byte 0x3d, which is not utf-16-le text; "
        "name the encoding that the file has"
    )


def test_utf_16_read_as_eight_bits_is_seen_by_its_nul_bytes() -> None:
    write("a.txt", "one\n", "utf-16-le")
    assert error_of(read_lines("a.txt", "latin-1")) == (
        "a.txt:1: character 2 is NUL, which is not latin-1 text; name the encoding that the file has"
    )


@pytest.mark.parametrize("encoding", ["", "utf-9", "rot13", "zlib", "utf-8\0"])
def test_unknown_encoding(encoding: str) -> None:
    write("a.txt", "one\n")
    assert error_of(read_lines("a.txt", encoding)) == (
        f"encoding is {encoding!r}, which Python does not know; "
        "expected a name such as utf-8, cp1252 or utf-16"
    )


def test_lines_that_are_not_text_can_be_passed_over() -> None:
    told: list[str] = []
    write("a.txt", b"one\n\xff\nthree\n\0\nfive")
    kept = list(numbered_lines("a.txt", bad=lambda error: told.append(str(error))))
    assert kept == [(1, "one"), (3, "three"), (5, "five")]
    assert [text.split(" ")[0] for text in told] == ["a.txt:2:", "a.txt:4:"]
    told.clear()
    write("a.txt", b"one\n\x81\nthree")
    kept = list(numbered_lines("a.txt", "cp1252", lambda error: told.append(str(error))))
    assert kept == [(1, "one"), (3, "three")]
    assert len(told) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_line_that_would_fill_the_memory_ends_reading(encoding: str) -> None:
    write("a.txt", b"x" * (1 << 24) + b"\ny\n")
    lines = numbered_lines("a.txt", encoding, lambda error: None)
    assert error_of(lines) == "a.txt:1: the line is longer than 16 MiB"


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_damaged_gzip(encoding: str) -> None:
    whole = gzip.compress("".join(f"{k}\t{k * k}\n" for k in range(20_000)).encode())
    Path("cut.gz").write_bytes(whole[: len(whole) // 2])
    assert error_of(read_lines("cut.gz", encoding)).startswith(
        "cut.gz is a damaged gzip file: it cannot be read after line "
    )


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_unreadable_files_are_named() -> None:
    Path("mem").symlink_to("/proc/self/mem")  # opens, but the first read fails
    assert error_of(read_lines("mem")) == "mem cannot be read: Input/output error"
    assert error_of(read_lines("mem", "latin-1")) == "mem cannot be read: Input/output error"
    assert error_of(read_lines("none")) == "none cannot be read: No such file or directory"


def test_files_are_opened_plain_or_decompressed() -> None:
    for name in ("a.txt", "a.txt.gz"):
        with opened(write(name, b"bytes")) as file:
            assert file.read() == b"bytes"
    Path("b.gz").write_bytes(b"plain")
    for reached, told in (
        ("", "b.gz is a damaged gzip file (Not a gzipped file (b'pl'))"),
        (" here", "b.gz is a damaged gzip file here (Not a gzipped file (b'pl'))"),
    ):
        with pytest.raises(InputError) as caught, opened("b.gz", lambda told=reached: told) as file:
            file.read()
        assert str(caught.value) == told
    with pytest.raises(InputError, match=r"^none cannot be read: No such file or directory$"), opened("none"):
        pass


class Arriving(io.BytesIO):
    """Standard input that gives what comes piece by piece."""

    def __init__(self, *pieces: bytes) -> None:
        super().__init__()
        self.pieces = list(pieces)

    def read1(self, size: int | None = -1) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


def put(monkeypatch: pytest.MonkeyPatch, *pieces: bytes) -> Arriving:
    incoming = Arriving(*pieces)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=incoming))
    return incoming


@pytest.mark.parametrize(
    ("pieces", "blocks"),
    [
        ([], []),
        ([b"no end"], [["no end"]]),
        ([b"slo", b"w", b"ly\nand", b" on", b"\n"], [["slowly"], ["and on"]]),
        ([b"one\r\ntwo\nth", b"ree"], [["one", "two"], ["three"]]),
        ([b"\n", b"\n\nlast"], [[""], ["", ""], ["last"]]),
    ],
)
def test_lines_that_come_are_never_none_and_the_last_needs_no_end(
    monkeypatch: pytest.MonkeyPatch, pieces: list[bytes], blocks: list[list[str]]
) -> None:
    put(monkeypatch, *pieces)
    assert list(incoming_lines()) == blocks
    put(monkeypatch, *pieces)
    assert list(given_lines(None, None)) == blocks


def test_a_line_longer_than_what_is_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x" * 200_000 + b"\ny\nz")))
    assert [list(map(len, block)) for block in incoming_lines()] == [[200_000, 1], [1]]


def test_given_lines_come_some_together(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [["a", "b"], ["c"]]
    assert list(given_lines("a\nb\nc", None, 2)) == expected
    assert list(given_lines(None, Path(write("a.txt", "a\nb\nc\n")), 2)) == expected
    incoming = put(monkeypatch, b"a\nb\nc\n", b"d\n")
    lines = given_lines(None, None, 2)
    assert [next(lines), next(lines), incoming.pieces] == [*expected, [b"d\n"]]
    assert list(lines) == [["d"]]
