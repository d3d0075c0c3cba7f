from __future__ import annotations

from collections import Counter

import pytest

from documents_read import error_of, read
from throughtime.files.documents import Document
from throughtime.files.reading import ReadingReport
from written import as_csv, write

SHORT_FIRST = "ham\tsee you at six\nspam\twin a prize\n"
SHORT_LAST = "see you at six\tham\nwin a prize\tspam\n"


def test_columns_by_name_and_number() -> None:
    write("a.csv", "v1,v2,note\nham,hello,x\nspam,win,y\n")
    expected = [Document("hello", "ham"), Document("win", "spam")]
    report = ReadingReport()
    assert read("a.csv", report, text_column="v2", label_column="v1") == expected
    assert report.notes == ["a.csv: a header; text in column 1, label in column 0"]
    assert read("a.csv", text_column="1", label_column="0")[1:] == expected
    write("a.jsonl", '{"v1": "ham", "v2": "hello"}\n{"v1": "spam", "v2": "win"}\n')
    assert read("a.jsonl", text_column="v2", label_column="v1") == expected
    assert read("a.jsonl", text_column="v2") == [Document("hello", None), Document("win", None)]
    assert error_of("a.csv", text_column="v3") == (
        "a.csv:1: no column 'v3'; choose with --text-column from 0 'v1', 1 'v2', 2 'note'"
    )
    assert error_of("a.csv") == (
        "a.csv:1: the text column is not known; choose with --text-column from 0 'v1', 1 'v2', 2 'note'"
    )
    assert error_of("a.jsonl") == (
        "a.jsonl:1: the text column is not known; choose with --text-column from 0 'v1', 1 'v2'"
    )


@pytest.mark.parametrize(("delimiter", "name"), [(";", "';'"), ("\t", "'\\t'")])
def test_the_delimiter_of_csv_is_detected_by_the_first_row(delimiter: str, name: str) -> None:
    expected = [Document("1,5 €; or\t2", "ham"), Document('say "win"\nnow', "spam")]
    rows = [("class", 'the "a,b;\tc"'), *((document.label, document.text) for document in expected)]
    write("a.csv", "\r\n\r\n" + as_csv(rows, delimiter=delimiter), "cp1252")
    report = ReadingReport()
    assert read("a.csv", report, text_column='the "a,b;\tc"') == expected
    assert report.notes == [
        f"a.csv: columns are separated by {name}",
        "a.csv: a header; text in column 1, label in column 0",
    ]
    assert report.encodings == Counter(["cp1252"])


def test_a_comma_comes_before_other_delimiters() -> None:
    write("a.csv", "text,label;or\tso\na;b\tc,x\n")
    assert read("a.csv", label_column="label;or\tso") == [Document("a;b\tc", "x")]
    write("b.csv", "\n\ntext\none; two\n")
    assert read("b.csv") == [Document("one; two", None)]
    write("c.csv", '\n\n"a"b;c\n')
    assert error_of("c.csv").startswith("c.csv:3: not a row of CSV")


def test_line_numbers_of_rows_with_line_breaks() -> None:
    write("a.csv", 'text,label\n"one\ntwo",x\n\n"three",\n"a ""quoted"" one",y\n')
    assert error_of("a.csv") == "a.csv:5: the label is empty"
    report = ReadingReport()
    assert read("a.csv", report, on_bad="skip") == [
        Document("one\ntwo", "x"),
        Document('a "quoted" one', "y"),
    ]
    assert (report.bad, report.first_bad) == (1, ["a.csv:5: the label is empty"])


@pytest.mark.parametrize(
    ("name", "rows", "message"),
    [
        (
            "a.csv",
            "text,label\nok,x\nto,o,many\n",
            "a.csv:3: 3 columns; expected 2, as in the first row",
        ),
        (
            "a.csv",
            "text,label\nok,x\nfew\n",
            "a.csv:3: 1 column; expected 2, as in the first row",
        ),
        ("a.csv", 'text,label\nok,x\n"a"b,y\n', "a.csv:3: not a row of CSV (',' expected after '\"')"),
        ("a.csv", 'text,label\nok,x\n"a,y\n', "a.csv:3: not a row of CSV (unexpected end of data)"),
        (
            "a.tsv",
            "text\tlabel\nok\tx\na\tb\tc\n",
            "a.tsv:3: 3 columns; expected 2, as in the first row",
        ),
        ("a.tsv", "text\tlabel\nok\tx\na\t \n", "a.tsv:3: the label is empty"),
        (
            "a.jsonl",
            '{"text": "ok", "label": "x"}\n[1]\n',
            "a.jsonl:2: a JSON object was expected, found list",
        ),
        (
            "a.jsonl",
            '{"text": "ok", "label": "x"}\n{"text": 3}\n',
            "a.jsonl:2: no column 'label'; choose with --label-column from 0 'text'",
        ),
        (
            "a.jsonl",
            '{"text": "ok", "label": "x"}\n{"text": 3, "label": "y"}\n',
            "a.jsonl:2: 'text' must be text, found int",
        ),
        (
            "a.jsonl",
            '{"text": "ok", "label": "x"}\n{"text": "a", "label": null}\n',
            "a.jsonl:2: the label must be text or a number, found NoneType",
        ),
        (
            "a.jsonl",
            '{"text": "ok", "label": "x"}\n{"text": "\\ud800", "label": "y"}\n',
            "a.jsonl:2: 'text' holds half of a surrogate pair, which is not text",
        ),
        (
            "a.jsonl",
            '{"text": "ok", "label": "x"}\n{"text": "a", "label": "\\ud800"}\n',
            "a.jsonl:2: 'label' holds half of a surrogate pair, which is not text",
        ),
    ],
)
def test_bad_rows_are_named_or_skipped(name: str, rows: str, message: str) -> None:
    write(name, rows)
    assert error_of(name) == message
    report = ReadingReport()
    assert read(name, report, on_bad="skip") == [Document("ok", "x")]
    assert (report.items, report.bad, report.first_bad) == (1, 1, [message])


def test_labels_of_json_that_are_not_text() -> None:
    write(
        "a.jsonl", "".join(f'{{"text": "t", "label": {value}}}\n' for value in ("3", "true", "0.5", '" a "'))
    )
    assert [document.label for document in read("a.jsonl")] == ["3", "true", "0.5", "a"]


@pytest.mark.parametrize(
    ("content", "asked", "note"),
    [
        (SHORT_FIRST, {}, "no header; text in column 1, label in column 0"),
        (SHORT_LAST, {}, "no header; text in column 0, label in column 1"),
        ("only\none\n", {}, "no header; text in column 0, no label"),
        (
            SHORT_FIRST,
            {"text_column": "0", "label_column": "1"},
            "no header; text in column 0, label in column 1",
        ),
        (SHORT_FIRST, {"label_column": "1"}, "no header; text in column 0, label in column 1"),
        (SHORT_FIRST, {"text_column": "1"}, "no header; text in column 1, no label"),
        ("a\tb\nc\td\n", {"label_column": "b"}, "a header; text in column 0, label in column 1"),
    ],
)
def test_columns_of_a_table_by_its_shape(content: str, asked: dict[str, str], note: str) -> None:
    report = ReadingReport()
    read(write("a.tsv", content), report, **asked)
    assert report.notes == [f"a.tsv: {note}"]


@pytest.mark.parametrize(
    ("content", "asked", "message"),
    [
        (
            "a\tb\tc\n",
            {"label_column": "0"},
            "the text column is not known; choose with --text-column from 0 'a', 1 'b', 2 'c'",
        ),
        (
            "ab\tcd\ne\tf\n",
            {},
            "the text column is not known; choose with --text-column from 0 'ab', 1 'cd'",
        ),
        (
            "a\tb\n",
            {"text_column": "1", "label_column": "1"},
            "text and label are both column 1; choose two with --text-column and --label-column",
        ),
        (
            "a\n",
            {"label_column": "0"},
            "text and label are both column 0; choose two with --text-column and --label-column",
        ),
    ],
)
def test_columns_that_cannot_be_found(content: str, asked: dict[str, str], message: str) -> None:
    assert error_of(write("a.tsv", content), **asked) == f"a.tsv:1: {message}"


def test_an_object_without_the_columns_is_a_bad_row() -> None:
    write("a.jsonl", '{"about": 1}\n{"text": "ok", "label": "x"}\n')
    message = "a.jsonl:1: the text column is not known; choose with --text-column from 0 'about'"
    assert error_of("a.jsonl") == message
    report = ReadingReport()
    assert read("a.jsonl", report, on_bad="skip") == [Document("ok", "x")]
    assert report.first_bad == [message]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "\n\ntext,label\n\nok,x\n"),
        ("a.tsv", "\ntext\tlabel\n\nok\tx\n\n"),
        ("a.jsonl", '\n \n{"text": "ok", "label": "x"}\n\n'),
        ("a.txt", "\nok\n \n\n"),
    ],
)
def test_blank_rows_are_counted(name: str, content: str) -> None:
    report = ReadingReport()
    assert [document.text for document in read(write(name, content), report)] == ["ok"]
    assert report.summary() == "1 documents (files: 1 in utf-8); skipped: 0 bad rows, 3 blank rows"
