"""Detection of a file's encoding by its first 256 KiB.

UTF-16 and UTF-32 are recognised by their byte order marks; then UTF-8 where the bytes can be decoded; then
cp1252 of Western Europe where charset-normalizer finds that it fits, else the encoding that it finds to fit
best. It cannot distinguish Central Europe's cp1250 from cp1252, nor the encodings of DOS and of old
Macintoshes: these have to be named.
"""

from __future__ import annotations

import codecs
from pathlib import Path

from throughtime.errors import InputError
from throughtime.files.lines import opened

_HEAD = 1 << 18  # bytes
_WESTERN = "cp1252"
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16's, with which it begins
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def detect_encoding(name: str) -> str:
    """Return the encoding of a file, detected by its beginning.

    A file with NUL bytes and without a byte order mark counts as UTF-8, and reading it fails: it is more
    often a binary file than UTF-16. A pipe counts as UTF-8 too, since its beginning can be read only once.

    Raises:
        InputError: no encoding fits.
    """
    head = _head(name)
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    if b"\0" in head or _is_utf8(head):
        return "utf-8"
    return _guessed(head, name)


def _guessed(head: bytes, name: str) -> str:
    import charset_normalizer  # takes as long to import as many files take to read

    fitting = charset_normalizer.from_bytes(head)
    if (best := fitting.best()) is None:
        raise InputError(f"{name}: its encoding cannot be detected; name it, or save the file as UTF-8")
    return _WESTERN if any(_WESTERN in found.could_be_from_charset for found in fitting) else best.encoding


def _head(name: str) -> bytes:
    if not Path(name).is_file():
        return b""
    try:
        with opened(name) as file:
            return file.read(_HEAD)
    except InputError:
        return b""  # reading the lines raises the error


def _is_utf8(head: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(head, final=len(head) < _HEAD)
    except UnicodeDecodeError:
        return False
    return True
