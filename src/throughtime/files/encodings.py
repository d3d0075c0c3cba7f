"""Which encoding a file has, told by its first 256 KiB.

UTF-16 and UTF-32 are told by their byte order marks, then UTF-8 where that can be decoded, then cp1252, that
of Western Europe, where charset-normalizer finds that it fits, then what it finds to fit best. It cannot tell
Central Europe's cp1250 from cp1252, nor encodings of DOS and old Macintoshes: these have to be named.
"""

from __future__ import annotations

import codecs
from pathlib import Path

import charset_normalizer

from throughtime.errors import InputError
from throughtime.files.lines import opened

_HEAD = 1 << 18  # bytes
_WESTERN = "cp1252"
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",  # before that of UTF-16, which it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def detect_encoding(name: str) -> str:
    """Tell the encoding of a file by its beginning; raises InputError where nothing fits.

    A file with NUL bytes and without a byte order mark is taken for UTF-8, as which reading it fails: it is
    more often a binary file than UTF-16. So is a pipe, whose beginning can be read but once.
    """
    head = _head(name)
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    if b"\0" in head or _is_utf8(head):
        return "utf-8"
    fitting = charset_normalizer.from_bytes(head)
    if (best := fitting.best()) is None:
        raise InputError(f"{name}: its encoding cannot be told; name it, or save the file as UTF-8")
    return _WESTERN if any(_WESTERN in found.could_be_from_charset for found in fitting) else best.encoding


def _head(name: str) -> bytes:
    if not Path(name).is_file():
        return b""
    try:
        with opened(name) as file:
            return file.read(_HEAD)
    except InputError:
        return b""  # reading the lines will tell what is wrong


def _is_utf8(head: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(head, final=len(head) < _HEAD)
    except UnicodeDecodeError:
        return False
    return True
