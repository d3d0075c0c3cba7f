from __future__ import annotations

import gzip
import json
import os
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import datasets
import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents_read import error_of, read
from hub import write_labelled
from throughtime.errors import InputError
from throughtime.files.documents import Document, ReadingConfig, read_documents, read_texts
from throughtime.files.reading import ReadingReport
from written import as_csv, write

TWO = [Document("See you, at six?", "ham"), Document('He said "win"\nagain.', "spam")]
PLAIN = [Document("See you, at six?", "ham"), Document('He said "win" again.', "spam")]
RUSSIAN = "Привет, как дела? Сегодня хорошая погода, и мы идём гулять. Потом мы вернёмся домой.\n"
JAPANESE = "今日は天気がいいので散歩に行きましょう。\n"
FRENCH = "L'été dernier, déjà, où l'on a fêté ça à la forêt; près de là, un élève rêvait d'être à Nîmes.\n"


@pytest.mark.parametrize("gz", ["", ".gz"])
def test_every_form(gz: str) -> None:
    headed = write(f"a.csv{gz}", as_csv([("text", "label"), *(d[:2] for d in TWO)]))
    bare = write(f"b.csv{gz}", as_csv([(d.label, d.text) for d in TWO]))
    tabs = write(f"a.tsv{gz}", "".join(f"{d.label}\t{d.text}\n" for d in PLAIN))
    lines = write(f"a.jsonl{gz}", "".join(json.dumps(d._asdict()) + "\n\n" for d in TWO))
    for path in (headed, bare, lines):
        assert read(path) == TWO
        assert [d[:2] for d in read_documents(Path(path))] == [d[:2] for d in TWO]
    assert read(tabs) == PLAIN
    assert read([tabs, lines]) == PLAIN + TWO
    plain = write(f"a.txt{gz}", "one\n\n two \nlabel\ttext\n")
    assert read(plain) == [Document("one", None), Document(" two ", None), Document("label\ttext", None)]
    assert read(write(f"corpus.en{gz}", "one\n")) == [Document("one", None)]


def test_folder_of_a_folder_for_each_label() -> None:
    write("set/pos/b.txt", "good\nvery\n")
    write("set/pos/a/c.txt.gz", "fine\n\nindeed")
    write("set/neg/a.txt", "bad\r\n")
    write("set/neg/.hidden", "no")
    write("set/.cache/x.txt", "no")
    report = ReadingReport()
    expected = [Document("bad", "neg"), Document("fine\n\nindeed", "pos"), Document("good\nvery", "pos")]
    assert read("set", report) == expected
    assert report.notes == []
    write("set/README.md", "about")
    assert read("set", report) == expected
    assert report.notes == ["set: left out files beside its folders: 1"]
    assert read("set/pos/a") == [Document("fine\n\nindeed", None)]
    write("set/pos/rows.csv.gz", "a,b\n")
    assert error_of("set") == (
        "set/pos/rows.csv.gz is a table, where each file is one document; name the file itself"
    )


def test_every_document_knows_its_place() -> None:
    write("a.csv", 'text,label\n"one\ntwo",x\n\nthree,y\n')
    write("a.tsv", "six of them\tx\n")
    write("a.jsonl", '{"text": "a"}\n\n{"text": "b"}\n')
    write("a.txt", "one\n\ntwo\n")
    write("set/x/a.txt", "a\nb")
    places = [document.place for document in read_documents(["a.csv", "a.tsv", "a.jsonl", "a.txt", "set"])]
    assert places == [
        *("a.csv:2", "a.csv:5", "a.tsv:1", "a.jsonl:1", "a.jsonl:3", "a.txt:1", "a.txt:3"),
        str(Path("set/x/a.txt")),
    ]


def test_texts_come_line_by_line_whatever_their_labels() -> None:
    write("a.csv", 'text,label\n"one\ntwo",\nthree,y\n')
    write("a.jsonl", '{"text": "four\\r\\nfive", "label": null}\n{"text": "six"}\n')
    write("set/x/a.txt", "seven\neight")
    write("a.txt", "nine\n\nten\n")
    report = ReadingReport()
    lines = [line.strip() for line in read_texts(["a.csv", "a.jsonl", "set", "a.txt"], report=report)]
    assert lines == ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    assert (report.items, report.bad) == (7, 0)
    assert report.notes == ["a.csv: a header; text in column 0, label in column 1"]
    write("b.tsv", "x\tone more\ny\n")
    assert list(read_texts("b.tsv", ReadingConfig(on_bad="skip"), report)) == ["one more"]
    assert report.first_bad == ["b.tsv:2: 1 column; expected 2, as in the first row"]
    with pytest.raises(InputError, match=r"^none\.txt does not exist$"):
        read_texts("none.txt")  # at once


def test_columns_of_what_has_none() -> None:
    write("set/x/a.txt", "a")
    write("a.txt", "a")
    for path in ("set", "a.txt"):
        assert error_of(path, label_column="0") == f"{path} has no columns; leave out --label-column 0"


def test_lines_that_are_not_text() -> None:
    data = b"ham\tone more\nspam\t\xff\xfe\nham\tthree or so\n"
    write("a.tsv", data)
    message = "a.tsv:2: byte 6 (0xff) is not UTF-8 text; save the file in the UTF-8 encoding"
    assert error_of("a.tsv", encoding="utf-8") == message
    report = ReadingReport()
    assert len(read("a.tsv", report, encoding="utf-8", on_bad="skip")) == 2
    assert report.first_bad == [message]
    write("set/x/a.txt", data)
    write("set/x/b.txt", "fine")
    report = ReadingReport()
    assert read("set", report, encoding="utf-8", on_bad="skip") == [Document("fine", "x")]
    assert report.bad == 1


def test_the_first_bad_rows_are_kept_and_all_are_counted() -> None:
    write("a.tsv", "text\tlabel\n" + "few\n" * 100 + "ok\tx\n")
    report = ReadingReport()
    assert read("a.tsv", report, on_bad="skip") == [Document("ok", "x")]
    assert report.bad == 100
    assert len(report.first_bad) == 20
    assert report.summary() == "1 documents (files: 1 in utf-8); skipped: 100 bad rows, 0 blank rows"


def test_a_single_json_value_is_refused() -> None:
    for name in ("a.json", "a.json.gz"):
        write(name, '[{"text": "a", "label": "x"}]\n')
        message = f"{name} is a single JSON value; convert it to .jsonl, with one object on each line"
        with pytest.raises(InputError) as caught:
            read_documents(name)  # at once
        assert str(caught.value) == message
    write("set/x/a.json", "[]")
    assert error_of("set").startswith(f"{Path('set/x/a.json')} is a single JSON value; ")


def test_a_pipe_is_read_whole() -> None:
    ours, theirs = os.pipe()
    os.write(theirs, b"one\ntwo\n")
    os.close(theirs)
    assert [document.text for document in read_documents(f"/dev/fd/{ours}")] == ["one", "two"]
    os.close(ours)


def test_paths_without_documents() -> None:
    Path("folder").mkdir()
    for name in (write("a.csv", ""), write("b.txt", "\n \n"), write("c.jsonl.gz", ""), "folder"):
        assert error_of(name) == f"no documents in {name}; expected at least one"
    write("d.tsv", "text\tlabel\nfew\n")
    assert error_of("d.tsv", on_bad="skip") == (
        "no documents in d.tsv (a bad row: d.tsv:2: 1 column; expected 2, as in the first row); "
        "expected at least one"
    )
    assert error_of([]) == "no path is given; expected at least one"
    with pytest.raises(InputError, match=r"^none\.csv does not exist$"):
        read_documents(["a.csv", "none.csv"])  # at once
    with pytest.raises(InputError, match="on_bad is drop; expected raise or skip"):
        ReadingConfig(on_bad="drop")  # pyright: ignore


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-32", "utf-32"),
        ("cp1252", "cp1252"),
        ("latin-1", "cp1252"),
        ("cp1251", "cp1251"),
        ("cp932", "cp932"),
    ],
)
def test_encodings_are_detected(encoding: str, found: str) -> None:
    text = {"cp1251": RUSSIAN, "cp932": JAPANESE}.get(encoding, FRENCH)
    write("a.txt", text * 3, encoding)
    write("b.txt.gz", text * 3, encoding)
    for name in ("a.txt", "b.txt.gz"):
        report = ReadingReport()
        assert read(name, report) == [Document(text.strip(), None)] * 3
        assert report.encodings == Counter([found])


def test_encodings_are_named() -> None:
    write("a.csv", "text,label\n" + "ça,là\n", "latin-1")
    assert read("a.csv", encoding="latin-1") == [Document("ça", "là")]
    assert error_of("a.csv", encoding="utf-9").startswith("encoding is 'utf-9', which Python does not know")
    write("b.txt", "one\n", "utf-16-le")
    assert error_of("b.txt") == "b.txt:1: byte 2 is NUL: a binary file, where UTF-8 text was expected"
    assert read("b.txt", encoding="utf-16-le") == [Document("one", None)]


def test_a_damaged_file_is_an_error() -> None:
    whole = gzip.compress("".join(f"{k} {k * k}\n" for k in range(200_000)).encode())
    Path("a.txt.gz").write_bytes(whole[: len(whole) // 2])
    assert error_of("a.txt.gz").startswith("a.txt.gz is a damaged gzip file: it cannot be read after line ")
    Path("b.txt.gz").write_bytes(b"plain")
    assert error_of("b.txt.gz").startswith("b.txt.gz is a damaged gzip file: it cannot be read after line 0")


def test_hub_data_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    rows = [dict(text="hello", label=0), dict(text="win", label=1), dict(text="so", label=None)]
    write_labelled(Path("owner/name"), rows)
    documents = read_documents("hf:owner/name")
    assert list(islice(documents, 2)) == [
        Document("hello", "ham", "hf:owner/name, row 1"),
        Document("win", "spam", "hf:owner/name, row 2"),
    ]
    with pytest.raises(InputError) as caught:
        next(documents)
    assert str(caught.value) == "hf:owner/name, row 3: the label must be text or a number, found NoneType"
    assert error_of("hf:owner/name:moon").startswith(
        "hf:owner/name:moon cannot be read from the Hugging Face hub: "
    )


def test_reading_is_lazy_and_needs_little_memory() -> None:
    write("a.csv", "text,label\n" + f"{'word ' * 200},x\n" * 20_000)  # 20 MB
    tracemalloc.start()
    documents = read_documents("a.csv")
    count = sum(1 for _ in documents)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 4e6


@given(
    st.lists(
        st.tuples(st.text(st.characters(codec="utf-8", exclude_characters="\0\r")), st.sampled_from("xy"))
    )
)
def test_documents_come_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    expected = [Document(*pair) for pair in [("first", "x"), *pairs]]
    (folder / "a.csv").write_text(as_csv([Document._fields, *expected]), encoding="utf-8", newline="")
    rows = "".join(json.dumps(document._asdict(), ensure_ascii=False) + "\n" for document in expected)
    (folder / "a.jsonl").write_text(rows, encoding="utf-8", newline="")
    for name in ("a.csv", "a.jsonl"):
        assert [document._replace(place="") for document in read_documents(folder / name)] == expected


SHAPED = st.text(st.sampled_from('ab,"\t\n{}:é\r')).map(str.encode) | st.binary(max_size=100)


@given(SHAPED, st.sampled_from(["raise", "skip"]), st.sampled_from([None, "cp1252", "utf-16"]))
def test_any_bytes_give_documents_or_an_input_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, on_bad: Any, encoding: str | None
) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    config = ReadingConfig(on_bad=on_bad, encoding=encoding)
    (folder / "set" / "x").mkdir(parents=True)
    for name in ("x.tsv", "x.csv", "x.jsonl", "x.txt", "x.csv.gz", "set/x/y"):
        (folder / name).write_bytes(data)
        try:
            assert all(
                isinstance(document, Document)
                for document in read_documents(folder / name.split("/")[0], config)
            )
        except InputError as error:
            assert name.split("/")[0] in str(error)


@pytest.fixture(scope="module")
def data() -> Path:
    if not (folder := os.environ.get("THROUGHTIME_DATA")):
        pytest.skip("THROUGHTIME_DATA does not name the folder of the real data sets")
    return Path(folder).resolve()


def counts(documents: Iterator[Document]) -> Counter[str | None]:
    return Counter(document.label for document in documents)


def test_real_data_sets(data: Path) -> None:
    assert counts(read_documents(data / "sms_spam" / "train.tsv")).total() == 4574
    assert counts(read_documents(data / "sms_spam" / "train.tsv")).keys() == {"ham", "spam"}
    assert counts(read_documents(data / "movie_reviews")) == {"neg": 900, "pos": 900}
