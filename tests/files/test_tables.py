from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from throughtime.files.reading import Reader, Row
from throughtime.files.tables import csv_rows, tsv_rows
from written import write


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_fields_of_tsv_are_as_they_stand(suffix: str) -> None:
    reader = Reader()
    name = write(f"a.tsv{suffix}", '"a"\tb\n\n\t\nc\r\n')
    assert list(tsv_rows(name, reader)) == [
        Row(f"{name}:1", ['"a"', "b"]),
        Row(f"{name}:3", ["", ""], 1),
        Row(f"{name}:4", ["c"], 1),
    ]
    assert reader.report.blank == 1


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_fields_of_csv_are_quoted(suffix: str) -> None:
    reader = Reader()
    name = write(f"a.csv{suffix}", '\n\na,"b, ""c""\nd"\r\n\n e , \n')
    assert list(csv_rows(name, reader)) == [
        Row(f"{name}:3", ["a", 'b, "c"\nd']),
        Row(f"{name}:6", [" e ", " "], 1),
    ]
    assert reader.report.blank == 3


@pytest.mark.parametrize("rows", [csv_rows, tsv_rows])
def test_places_count_lines_that_were_skipped(rows: Callable[[str, Reader], Iterator[Row]]) -> None:
    reader = Reader("utf-8", "skip")
    write("a", b"\xff\na\n\xff\n\xff\nb\n")
    assert [row.place for row in rows("a", reader)] == ["a:2", "a:5"]
    assert reader.report.bad == 3


def test_a_row_that_is_not_csv_is_placed_where_it_begins() -> None:
    reader = Reader("utf-8", "skip")
    write("a.csv", 'a,b\n"c\nd"e,f\ng,h\n"i\n')
    assert [row.values for row in csv_rows("a.csv", reader)] == [["a", "b"], ["g", "h"]]
    assert reader.report.first_bad == [
        "a.csv:2: not a row of CSV (',' expected after '\"')",
        "a.csv:5: not a row of CSV (unexpected end of data)",
    ]


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_tables_without_rows(content: str) -> None:
    for rows in (csv_rows, tsv_rows):
        assert list(rows(write("a", content), Reader())) == []
