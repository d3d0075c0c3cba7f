"""Lines of text from files and from standard input: one at a time, never a whole file.

A line ends at a line feed (with or without a carriage return before it) and nowhere else: U+2028, U+0085 and
the vertical tab are text. Lines and bytes are counted from 1.
"""

from __future__ import annotations

import codecs
import gzip
import io
import re
import sys
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, BinaryIO, cast

from throughtime.errors import InputError

_LONGEST_LINE = 1 << 24  # bytes, or characters; a file without line feeds must not fill the memory
_READ_AT_ONCE = 1 << 16  # most bytes taken from standard input at a time
_MARKED = "throughtime.marked"
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


def fail(error: InputError) -> None:
    """Raise an error."""
    raise error


@contextmanager
def opened(name: str | Path, reached: Callable[[], str] = lambda: "") -> Generator[IO[bytes]]:
    """Open the bytes of a file, decompressed where its name ends in .gz.

    Args:
        name: the file.
        reached: returns how far reading has come, for the error of a damaged gzip file.

    Raises:
        InputError: the file cannot be read, or it is a damaged gzip file.
    """
    path = Path(name)
    try:
        with cast("BinaryIO", gzip.open(path)) if path.name.endswith(".gz") else path.open("rb") as file:
            yield file
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{name} is a damaged gzip file{reached()} ({error})") from error
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror or error}") from error


def read_lines(name: str | Path, encoding: str = "utf-8") -> Iterator[str]:
    """Stream the lines of a text file (.gz: decompressed) without line ends and byte order mark.

    Raises:
        InputError: the file cannot be opened, is a damaged gzip file, or holds a line that is not text in the
            encoding, which is named; or Python does not know the encoding.
    """
    return (line for _, line in numbered_lines(name, encoding))


def numbered_lines(
    name: str | Path, encoding: str = "utf-8", bad: Callable[[InputError], None] = fail
) -> Iterator[tuple[int, str]]:
    """Stream the lines of a text file as `read_lines` does, each with its number from 1.

    Args:
        name: the file.
        encoding: its encoding.
        bad: called with the error of each line that is not text; if it returns, the line is skipped.

    Raises:
        InputError: as `read_lines` does.
    """
    name = str(name)
    number = 0
    decode = _utf8_lines if _is_utf8(encoding) else partial(_decoded_lines, encoding=encoding)
    with opened(name, lambda: f": it cannot be read after line {number}") as file:
        for number, line in enumerate(decode(file, name), 1):
            if isinstance(line, str):
                yield number, line
            else:
                bad(line)


def require_one(text: str | None, file: Path | None, done: str) -> None:
    """Raise InputError where a text and a file are both given; `done` says what is done with either."""
    if text is not None and file is not None:
        raise InputError(f"text and --file are both given; one of them is {done}, not both")


def given_lines(text: str | None, file: Path | None, together: int = 256) -> Iterator[list[str]]:
    """Stream the lines of the text, else of the file, else of standard input, in blocks.

    Args:
        text: lines as one text.
        file: a text file.
        together: most lines in a block.

    Returns:
        Blocks of lines. A line of standard input does not wait for later ones.

    Raises:
        InputError: as `read_lines` does.
    """
    if text is not None:
        yield from _in_blocks(text.split("\n"), together)
    elif file is not None:
        yield from _in_blocks(read_lines(file), together)
    else:
        for lines in incoming_lines():
            yield from _in_blocks(lines, together)


def _in_blocks(lines: Iterable[str], together: int) -> Iterator[list[str]]:
    waiting = iter(lines)
    while block := list(islice(waiting, together)):
        yield block


def incoming_lines() -> Iterator[list[str]]:
    """Stream the lines of standard input as they arrive; those that arrive together form a block.

    Bytes that are not UTF-8 become U+FFFD. No line is left out, and the last one needs no line feed.
    """
    incoming, rest = cast("io.BufferedReader", sys.stdin.buffer), b""
    while arrived := incoming.read1(_READ_AT_ONCE):
        *lines, rest = (rest + arrived).split(b"\n")
        if lines:
            yield list(map(_incoming, lines))
    if rest:
        yield [_incoming(rest)]


def _incoming(line: bytes) -> str:
    return line.decode("utf-8", "replace").removesuffix("\r")


def _is_utf8(encoding: str) -> bool:
    try:
        io.TextIOWrapper(io.BytesIO(), encoding)  # refuses codecs that are not text encodings
        return codecs.lookup(encoding).name == "utf-8"
    except (LookupError, ValueError) as error:
        raise InputError(
            f"encoding is {encoding!r}, which Python does not know; "
            "expected a name such as utf-8, cp1252 or utf-16"
        ) from error


def _utf8_lines(file: IO[bytes], name: str) -> Iterator[str | InputError]:
    number = 0
    while raw := file.readline(_LONGEST_LINE):
        number += 1
        if len(raw) == _LONGEST_LINE and b"\0" not in raw:
            raise _too_long(name, number)
        yield _utf8_text(raw, name, number)


def _utf8_text(raw: bytes, name: str, number: int) -> str | InputError:
    null = raw.find(b"\0")
    if null >= 0:
        return InputError(
            f"{name}:{number}: byte {null + 1} is NUL: a binary file, where UTF-8 text was expected"
        )
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return InputError(
            f"{name}:{number}: byte {error.start + 1} (0x{raw[error.start]:02x}) is not UTF-8 text; "
            "save the file in the UTF-8 encoding"
        )
    return _bare(text, number)


def _decoded_lines(file: IO[bytes], name: str, encoding: str) -> Iterator[str | InputError]:
    """Yield the lines of a file in an encoding where a line feed may take several bytes."""
    number = 0
    try:
        with io.TextIOWrapper(file, encoding, errors=_MARKED, newline="\n") as text:
            while line := text.readline(_LONGEST_LINE):
                number += 1
                if len(line) == _LONGEST_LINE:
                    raise _too_long(name, number)
                yield _decoded_text(line, name, number, encoding)
    except UnicodeError as error:  # from codecs that cannot continue after an error
        raise InputError(f"{name} cannot be read as {encoding} after line {number}: {error}") from error


def _decoded_text(line: str, name: str, number: int, encoding: str) -> str | InputError:
    if wrong := _NO_TEXT.search(line):
        found = "is NUL" if wrong[0] == "\0" else f"is the byte 0x{ord(wrong[0]) & 0xFF:02x}"
        return InputError(
            f"{name}:{number}: character {wrong.start() + 1} {found}, which is not {encoding} text; "
            "name the encoding that the file has"
        )
    return _bare(line, number)


def _bare(line: str, number: int) -> str:
    text = line.removeprefix("\ufeff") if number == 1 else line
    return text.removesuffix("\n").removesuffix("\r")


def _too_long(name: str, number: int) -> InputError:
    return InputError(f"{name}:{number}: the line is longer than {_LONGEST_LINE >> 20} MiB")


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Replace each byte that cannot be decoded by half of a surrogate pair, which text does not contain."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_MARKED, _mark)
