from __future__ import annotations

from pathlib import Path

import datasets
import pytest

from hub import write_labelled
from throughtime.errors import InputError
from throughtime.files.reading import Reader, Row
from throughtime.files.rows import READERS, ending, has_rows, json_rows, read_rows, require_readable
from written import write


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.csv", ".csv"), ("b/A.TSV.gz", ".tsv"), ("a.en", ".en"), ("a", ""), ("a.csv/b", ""), ("a.gz", "")],
)
def test_endings(name: str, expected: str) -> None:
    assert ending(name) == expected
    assert has_rows(name) == (expected in READERS)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_every_kind_of_file_has_rows(suffix: str) -> None:
    for kind, content in ((".csv", "a,b\n"), (".tsv", "a\tb\n")):
        name = write(f"x{kind}{suffix}", content)
        assert list(read_rows(name, Reader())) == [Row(f"{name}:1", ["a", "b"])]
    name = write(f"x.jsonl{suffix}", '{"a": [1]}\n')
    assert list(read_rows(name, Reader())) == [Row(f"{name}:1", {"a": [1]})]


def test_data_sets_of_the_hub_have_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    write_labelled(Path("owner/name"), [{"text": "win", "label": 1}])
    assert has_rows("hf:owner/name")
    assert list(read_rows("hf:owner/name", Reader())) == [
        Row("hf:owner/name, row 1", {"text": "win", "label": "spam"})
    ]


def test_lines_that_are_not_objects() -> None:
    write("a.jsonl", '\n[1]\n{"a": 1}\n{\n \n')
    with pytest.raises(InputError, match=r"^a\.jsonl:2: a JSON object was expected, found list$"):
        list(json_rows("a.jsonl", Reader()))
    reader = Reader(on_bad="skip")
    assert list(json_rows("a.jsonl", reader)) == [Row("a.jsonl:3", {"a": 1}, 1)]
    assert (reader.report.bad, reader.report.blank) == (2, 2)
    assert reader.report.first_bad[1].startswith("a.jsonl:4: not a line of JSON (")


def test_paths_that_cannot_be_read() -> None:
    require_readable("hf:owner/name.json")
    Path("folder.json").mkdir()
    require_readable("folder.json")
    with pytest.raises(InputError, match=r"^none\.csv does not exist$"):
        require_readable("none.csv")
    with pytest.raises(InputError, match=r"^a\.json\.gz is a single JSON value; convert it to \.jsonl"):
        require_readable(write("a.json.gz", "[]"))
