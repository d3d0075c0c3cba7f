from __future__ import annotations

from collections import Counter

import pytest

from throughtime.errors import InputError
from throughtime.files.reading import Reader, ReadingReport
from written import write


def half(number: int) -> int:
    if number % 2:
        raise InputError(f"{number} is odd")
    return number // 2


def test_bad_rows_are_raised_or_reported() -> None:
    with pytest.raises(InputError, match=r"^3 is odd$"):
        list(Reader().attempt(half, 3))
    reader = Reader(on_bad="skip", report=ReadingReport(kept=2))
    halves = [item for number in range(8) for item in reader.attempt(half, number)]
    assert halves == [0, 1, 2, 3]
    assert (reader.report.bad, reader.report.first_bad) == (4, ["1 is odd", "3 is odd"])


def test_lines_have_numbers_and_an_encoding() -> None:
    reader = Reader(on_bad="skip")
    french = "L'été dernier, déjà, où l'on a fêté ça à la forêt, un élève rêvait d'être à Nîmes.\n"
    assert list(reader.lines(write("a", french * 2, "cp1252"))) == [(1, french[:-1]), (2, french[:-1])]
    assert list(reader.lines(write("b", "one\n\ntwo", "utf-16"))) == [(1, "one"), (2, ""), (3, "two")]
    assert reader.report.encodings == Counter(["cp1252", "utf-16"])
    named = Reader("utf-8", "skip")
    assert list(named.lines(write("c", b"\xff\nok\n"))) == [(2, "ok")]
    assert (named.report.bad, named.report.encodings) == (1, Counter(["utf-8"]))


def test_items_are_counted() -> None:
    reader = Reader()
    assert list(reader.counted(iter("abc"), "letters", ["a.txt"])) == ["a", "b", "c"]
    reader.report.encodings.update(["utf-8", "utf-8", "cp1252"])
    assert reader.report.summary() == (
        "3 letters (files: 2 in utf-8, 1 in cp1252); skipped: 0 bad rows, 0 blank rows"
    )


def test_nothing_to_count_is_an_error() -> None:
    with pytest.raises(InputError, match=r"^no letters in a\.txt, b\.txt; expected at least one$"):
        list(Reader().counted(iter(""), "letters", ["a.txt", "b.txt"]))
    reader = Reader(on_bad="skip")
    with pytest.raises(InputError, match=r"^no halves in a \(a bad row: 3 is odd\); expected at least one$"):
        list(reader.counted(reader.attempt(half, 3), "halves", ["a"]))
