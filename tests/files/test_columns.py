from __future__ import annotations

import pytest

from throughtime.errors import InputError
from throughtime.files.columns import Column, Columns, find_columns, require_found
from throughtime.files.documents import ReadingConfig
from throughtime.files.reading import Row

Asked = tuple[str | None, str | None]
SRC = Column("source", "--columns", usual=("src",), place=0)
TGT = Column("target", "--columns", usual=("tgt",), place=1)


def found(values: list[str] | dict[str, object], asked: Asked) -> Columns:
    """Columns of text and label."""
    return find_columns(Row("a.csv:1", values), ReadingConfig(*asked).columns)


@pytest.mark.parametrize(
    ("names", "asked", "keys", "header"),
    [
        (["id", "Text", " LABEL "], (None, None), (1, 2), True),
        (["id", "message", "body"], (None, None), (1, None), True),
        (["Review", "sentiment", "class"], (None, None), (0, 2), True),
        (["a", "b", "c"], ("c", "a"), (2, 0), True),
        (["a", "b"], ("b", None), (1, None), True),
        (["label", "b"], ("b", None), (1, 0), True),
        (["label", "text"], ("0", None), (0, None), True),
        (["text", "body"], (None, "text"), (1, 0), True),
        (["text", "y", "z"], ("1", "0"), (1, 0), True),
        (["x", "y", "z"], ("2", "0"), (2, 0), False),
        (["x", "y", "z"], (None, None), (None, None), False),
        (["text", "2019", "1"], ("text", "1"), (0, 2), True),
    ],
)
def test_columns_of_tables(
    names: list[str], asked: Asked, keys: tuple[int | None, int | None], header: bool
) -> None:
    columns = found(names, asked)
    assert (columns.keys, columns.header, columns.width) == (keys, header, len(names))


@pytest.mark.parametrize(
    ("asked", "keys"),
    [
        ((None, None), ("Text", "target")),
        (("target", "id"), ("target", "id")),
        (("target", None), ("target", None)),
        (("1", "0"), ("Text", "id")),
        (("7", None), ("7", "target")),
    ],
)
def test_columns_of_objects(asked: Asked, keys: tuple[str, str | None]) -> None:
    columns = found({"id": 1, "Text": "a", "target": "x", "7": "y"}, asked)
    assert (columns.keys, columns.header) == (keys, False)


@pytest.mark.parametrize(
    ("values", "asked", "message"),
    [
        (["a", "b"], ("c", None), "no column 'c'; choose with --text-column from 0 'a', 1 'b'"),
        (["a", "b"], ("-1", None), "no column '-1'; choose with --text-column from 0 'a', 1 'b'"),
        (["a", "b"], ("0", "2"), "no column 2; choose with --label-column from 0 'a', 1 'b'"),
        ({"text": 1}, ("body", None), "no column 'body'; choose with --text-column from 0 'text'"),
        ({"text": 1}, (None, "label"), "no column 'label'; choose with --label-column from 0 'text'"),
        ({}, ("body", None), "no column 'body'; choose with --text-column from none"),
    ],
)
def test_columns_that_are_not_there(
    values: list[str] | dict[str, object], asked: Asked, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        found(values, asked)
    assert str(caught.value) == f"a.csv:1: {message}"


def test_long_lists_of_columns_are_cut() -> None:
    names = [f"{'word ' * 20}{number}" for number in range(30)]
    with pytest.raises(InputError) as caught:
        found(names, ("c", None))
    listed = ", ".join(f"{number} '{'word ' * 6}...'" for number in range(20))
    assert str(caught.value) == f"a.csv:1: no column 'c'; choose with --text-column from {listed}, ..."


def test_columns_whose_place_is_custom() -> None:
    assert find_columns(Row("a.csv:1", ["a", "b"]), (SRC, TGT)).keys == (0, 1)
    assert find_columns(Row("a.csv:1", ["src", "b"]), (SRC, TGT)).header is False
    headed = find_columns(Row("a.csv:1", ["tgt", "src"]), (SRC, TGT))
    assert (headed.keys, headed.header) == ((1, 0), True)
    with pytest.raises(InputError, match=r"^a\.csv:1: no column 1; choose with --columns from 0 'a'$"):
        find_columns(Row("a.csv:1", ["a"]), (SRC, TGT))


def test_required_columns_have_to_be_found() -> None:
    for values in ({"a": 1}, {"label": 1}):
        row = Row("a.jsonl:3", values)
        message = "a.jsonl:3: the text column is not known; choose with --text-column from 0 "
        with pytest.raises(InputError) as caught:
            require_found(row, find_columns(row, ReadingConfig().columns))
        assert str(caught.value) == f"{message}{next(iter(values))!r}"


def test_columns_in_words() -> None:
    assert str(found(["text", "label"], (None, None))) == "a header; text in column 0, label in column 1"
    assert str(found(["x", "y"], ("1", None))) == "no header; text in column 1, no label"
