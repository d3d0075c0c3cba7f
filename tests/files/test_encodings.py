from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from throughtime.files.encodings import detect_encoding

FRENCH = "L'été dernier, déjà, où l'on a fêté ça à la forêt; près de là, un élève rêvait d'être à Nîmes.\n"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "utf-8"),
        (b"plain", "utf-8"),
        (FRENCH.encode(), "utf-8"),
        (FRENCH.encode("latin-1"), "cp1252"),
        (FRENCH.encode("utf-16"), "utf-16"),
        (FRENCH.encode("utf-32"), "utf-32"),
        (b"of two\0 kinds", "utf-8"),
        (("x" + "é" * (1 << 18)).encode(), "utf-8"),  # cut within a character by the part looked at
    ],
)
def test_encodings_of_files(tmp_path: Path, data: bytes, found: str) -> None:
    (tmp_path / "a.txt").write_bytes(data)
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(data))
    assert detect_encoding(str(tmp_path / "a.txt")) == found
    assert detect_encoding(str(tmp_path / "a.txt.gz")) == found


def test_text_that_ends_within_a_character_is_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(("x" + "é" * 100).encode()[:-1])
    assert detect_encoding(str(tmp_path / "a.txt")) != "utf-8"


def test_what_cannot_be_read_is_left_to_reading(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(b"plain")
    assert detect_encoding(str(tmp_path / "a.gz")) == "utf-8"
    assert detect_encoding(str(tmp_path / "none")) == "utf-8"
