"""Lines of text from the files that people have, and rows of data sets: one at a time, never a whole file.

A line ends at a line feed (with or without a carriage return before it) and nowhere else: U+2028, U+0085 and
the vertical tab are text. Lines and bytes are counted from 1.
"""

from __future__ import annotations

import codecs
import gzip
import io
import json
import re
import sys
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from throughtime.errors import InputError

HUB_PREFIX = "hf:"
_LONGEST_LINE = 1 << 24  # bytes, or characters; a file without line feeds must not fill the memory
_READ_AT_ONCE = 1 << 16  # bytes at most of what has come in on standard input
_MARKED = "throughtime.marked"
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


def fail(error: InputError) -> None:
    """Raise what was found to be wrong."""
    raise error


@contextmanager
def opened(name: str | Path, reached: Callable[[], str] = lambda: "") -> Generator[IO[bytes]]:
    """The bytes of a file, decompressed where its name ends in .gz.

    reached: what to say of how far reading came, where it comes upon a damaged gzip. Raises InputError for
    that and for a file that cannot be read.
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

    Raises InputError for a file that cannot be opened, a damaged gzip, an encoding that Python does not know,
    and a line that is not text in the encoding (the line and what is wrong in it are named).
    """
    return (line for _, line in numbered_lines(name, encoding))


def numbered_lines(
    name: str | Path, encoding: str = "utf-8", bad: Callable[[InputError], None] = fail
) -> Iterator[tuple[int, str]]:
    """Stream the lines of a text file as `read_lines` does, each with its number.

    bad: what is told of each line that is not text; where it returns, that line is passed over.
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
    """Raise InputError where a text and a file are both given; `done` is what is done with one of them."""
    if text is not None and file is not None:
        raise InputError(f"text and --file are both given; one of them is {done}, not both")


def given_lines(text: str | None, file: Path | None, together: int = 256) -> Iterator[list[str]]:
    """Stream lines, at most so many together: of the text, else of the file, else of standard input.

    None of standard input waits for another that has not come yet. Raises InputError as `read_lines` does.
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
    """Stream the lines of standard input as they come, one or more together that came together.

    None waits for another. Bytes that are not UTF-8 become U+FFFD: no line is left out, nor a last one
    without line feed.
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
        io.TextIOWrapper(io.BytesIO(), encoding)  # refuses what is a codec, but none of text
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
    """The lines of a file in an encoding where a line feed may be more than a byte."""
    number = 0
    try:
        with io.TextIOWrapper(file, encoding, errors=_MARKED, newline="\n") as text:
            while line := text.readline(_LONGEST_LINE):
                number += 1
                if len(line) == _LONGEST_LINE:
                    raise _too_long(name, number)
                yield _decoded_text(line, name, number, encoding)
    except UnicodeError as error:  # of codecs that have no way to go on after an error
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
    """Put half of a surrogate pair, which no text has, in the place of each byte that cannot be decoded."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_MARKED, _mark)


def json_object(line: str, where: str) -> Mapping[str, Any]:
    """Return the object that a line of JSON holds; raise InputError, which says where, for anything else."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not a line of JSON ({error})") from error
    if not isinstance(row, dict):
        raise InputError(f"{where}: a JSON object was expected, found {type(row).__name__}")
    return cast("Mapping[str, Any]", row)


def hub_rows(name: str) -> Iterator[Mapping[str, Any]]:
    """Stream the rows of a Hugging Face data set, from the hub or from its cache.

    It is written hf:owner/name, hf:owner/name:split or hf:owner/name:configuration:split; its split is
    "train" unless given. A class label comes by its name, None where a row has none. Raises InputError for
    another form at once, and when a row cannot be read.
    """
    parts = name.removeprefix(HUB_PREFIX).split(":")
    if len(parts) > 3 or not all(parts):
        raise InputError(
            f"{name} is not of the form hf:owner/name, hf:owner/name:split or hf:owner/name:config:split"
        )
    split = parts[-1] if len(parts) > 1 else "train"
    return _rows(name, parts[0], parts[1] if len(parts) == 3 else None, split)


def _class_name(number: int | None, names: Sequence[str]) -> str | None:
    return names[number] if number is not None and number >= 0 else None


def _rows(name: str, dataset: str, configuration: str | None, split: str) -> Iterator[Mapping[str, Any]]:
    import datasets  # of an extra, which not all that read lines need

    try:
        rows = datasets.load_dataset(dataset, configuration, split=split, streaming=True)
        features = cast("Mapping[str, Any]", rows.features or {})
        labels = {key: kind.names for key, kind in features.items() if isinstance(kind, datasets.ClassLabel)}
        for row in cast("Iterator[Mapping[str, Any]]", rows):
            yield {**row, **{key: _class_name(row[key], names) for key, names in labels.items()}}
    except Exception as error:  # datasets, its file systems and its HTTP client each raise types of their own
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise InputError(f"{name} cannot be read from the Hugging Face hub: {reason}") from error
