from __future__ import annotations

import pytest

from throughtime.errors import InputError
from throughtime.files.columns import Columns, keys_of, table_columns

SHORT_FIRST = [["ham", "see you at six"], ["spam", "win a prize"]]
SHORT_LAST = [[text, label] for label, text in SHORT_FIRST]


@pytest.mark.parametrize(
    ("rows", "asked", "expected"),
    [
        (SHORT_FIRST, (None, None), Columns(1, 0, 2, False)),
        (SHORT_LAST, (None, None), Columns(0, 1, 2, False)),
        ([["only"], ["one"]], (None, None), Columns(0, None, 1, False)),
        (SHORT_FIRST, ("0", "1"), Columns(0, 1, 2, False)),
        (SHORT_FIRST, (None, "1"), Columns(0, 1, 2, False)),
        (SHORT_FIRST, ("1", None), Columns(1, None, 2, False)),
        ([["id", "Text", " LABEL "]], (None, None), Columns(1, 2, 3, True)),
        ([["id", "message", "body"]], (None, None), Columns(1, None, 3, True)),
        ([["Review", "sentiment", "class"]], (None, None), Columns(0, 2, 3, True)),
        ([["a", "b", "c"]], ("c", "a"), Columns(2, 0, 3, True)),
        ([["a", "b"]], (None, "b"), Columns(0, 1, 2, True)),
        ([["a", "b"]], ("b", None), Columns(1, None, 2, True)),
        ([["label", "b"]], ("b", None), Columns(1, 0, 2, True)),
        ([["label", "text"]], ("0", None), Columns(0, None, 2, True)),
        ([["x", "y", "z"]], ("2", "0"), Columns(2, 0, 3, False)),
        ([["text", "y", "z"]], ("1", "0"), Columns(1, 0, 3, True)),
    ],
)
def test_columns_of_tables(
    rows: list[list[str]], asked: tuple[str | None, str | None], expected: Columns
) -> None:
    assert table_columns(rows, *asked, "a.csv") == expected


@pytest.mark.parametrize(
    ("rows", "asked", "message"),
    [
        ([["a", "b", "c"]], (None, None), "which of 3 columns is the text? name it as text_column"),
        ([["a", "b", "c"]], (None, "0"), "which of 3 columns is the text? name it as text_column"),
        ([["ab", "cd"], ["e", "f"]], (None, None), "which of 2 columns is the text? name it as text_column"),
        ([["a", "b"]], ("c", None), "no column 'c'; found 'a', 'b'"),
        ([["a", "b"]], ("-1", None), "no column '-1'; found 'a', 'b'"),
        ([["a", "b"]], ("0", "2"), "no column 2; found 2, counted from 0"),
        ([["a", "b"]], ("1", "1"), "text and label are both column 1; expected two columns"),
        ([["a"]], (None, "0"), "text and label are both column 0; expected two columns"),
    ],
)
def test_columns_that_cannot_be_told(
    rows: list[list[str]], asked: tuple[str | None, str | None], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        table_columns(rows, *asked, "a.csv")
    assert str(caught.value) == f"a.csv: {message}"


def test_columns_in_words() -> None:
    assert str(Columns(1, 0, 2, False)) == "no header; text in column 1, label in column 0"
    assert str(Columns(0, None, 1, True)) == "a header; text in column 0, no label"


def test_keys() -> None:
    row = {"id": 1, "Text": "a", "target": "x"}
    assert keys_of(row, None, None, "a:1") == ("Text", "target")
    assert keys_of(row, "target", "id", "a:1") == ("target", "id")
    assert keys_of(row, "target", None, "a:1") == ("target", None)
    assert keys_of({"text": "a"}, None, None, "a:1") == ("text", None)


@pytest.mark.parametrize(
    ("row", "asked", "message"),
    [
        ({"a": 1, "b": 2}, (None, None), "which of 'a', 'b' is the text? name it as text_column"),
        ({}, (None, None), "which of none is the text? name it as text_column"),
        ({"text": 1}, ("body", None), "no 'body'; found 'text'"),
        ({"text": 1}, (None, "label"), "no 'label'; found 'text'"),
    ],
)
def test_keys_that_cannot_be_told(
    row: dict[str, object], asked: tuple[str | None, str | None], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        keys_of(row, *asked, "a.jsonl:1")
    assert str(caught.value) == f"a.jsonl:1: {message}"
