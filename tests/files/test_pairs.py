from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import datasets
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from throughtime.errors import InputError
from throughtime.files.pairs import Pair, read_pairs
from throughtime.files.reading import ReadingReport
from written import as_csv, write

TWO = [Pair("How are you?", "Comment ça va ?"), Pair("Yes.", "Oui.")]


def error_of(*paths: str, columns: tuple[str, str] | None = None, limit: int | None = None) -> str:
    with pytest.raises(InputError) as caught:
        list(read_pairs(paths, columns, limit))
    return str(caught.value)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_reads_every_form(suffix: str) -> None:
    src = write("a.en" + suffix, "".join(f"{pair.src}\n" for pair in TWO))
    tgt = write("a.fr" + suffix, "\n".join(pair.tgt for pair in TWO))  # no line feed at the end
    tsv = write("a.tsv" + suffix, "".join(f"{k}\t{pair.tgt}\t{pair.src}\n" for k, pair in enumerate(TWO)))
    keyed = write("a.jsonl" + suffix, "\n".join(json.dumps(pair._asdict()) for pair in TWO) + "\n\n")
    nested = write(
        "b.jsonl" + suffix,
        "".join(json.dumps({"id": 1, "translation": {"fr": t, "en": s}}) + "\n" for s, t in TWO),
    )
    assert list(read_pairs([src, tgt])) == TWO
    assert list(read_pairs([Path(src), Path(tgt)])) == TWO
    assert list(read_pairs([tsv], ("2", "1"))) == TWO
    assert list(read_pairs([tsv])) == [Pair("0", TWO[0].tgt), Pair("1", TWO[1].tgt)]
    assert list(read_pairs([keyed])) == TWO
    assert list(read_pairs([keyed], ("tgt", "src"))) == [Pair(t, s) for s, t in TWO]
    assert list(read_pairs([nested], ("en", "fr"))) == TWO


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_give_pairs_or_an_input_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    for name in ("x.csv", "x.tsv", "x.jsonl", "x.tsv.gz"):
        (folder / name).write_bytes(data)
        try:
            assert all(isinstance(pair, Pair) for pair in read_pairs([folder / name]))
        except InputError as error:
            assert name in str(error)


def test_limit_stops_reading_before_what_is_wrong_further_on() -> None:
    write("a.tsv", "a\tb\nc\td\nno second column\n")
    assert list(read_pairs(["a.tsv"], limit=2)) == [Pair("a", "b"), Pair("c", "d")]
    assert error_of("a.tsv", limit=0) == "limit is 0; it must be at least 1"


def test_reading_is_lazy() -> None:
    write("a.tsv", "a\tb\nno second column\n")
    pairs = read_pairs(["a.tsv"])
    assert next(pairs) == Pair("a", "b")
    with pytest.raises(InputError, match=r"a\.tsv:2"):
        next(pairs)


def test_missing_file_and_directory() -> None:
    Path("folder").mkdir()
    assert error_of("no.tsv") == "no.tsv does not exist"
    assert error_of("folder") == "folder is a directory; a file was expected"
    write("a.en", "a\n")
    assert error_of("a.en", "no.fr") == "no.fr does not exist"


def test_paths_that_make_no_corpus() -> None:
    for name in ("a.en", "b.fr", "c.de", "d.txt.gz"):
        write(name, "a\n")
    assert error_of("a.en") == (
        "a.en is not .csv, .tsv or .jsonl (.gz may follow); plain text needs two paths"
    )
    assert error_of("d.txt.gz").startswith("d.txt.gz is not .csv, .tsv or .jsonl")
    wanted = "a corpus is one path or two parallel text files; {} paths were given"
    assert error_of("a.en", "b.fr", "c.de") == wanted.format(3)
    assert error_of() == wanted.format(0)
    assert error_of("a.en", "b.fr", columns=("0", "1")) == (
        "columns cannot be given with two parallel text files"
    )
    assert error_of("a.en", "hf:me/data") == "hf:me/data is a data set of pairs; it must be the only path"


@pytest.mark.parametrize(("src_count", "tgt_count"), [(3, 5), (5, 3), (0, 2), (1, 0)])
def test_unequal_line_counts(src_count: int, tgt_count: int) -> None:
    write("a.en", "x\n" * src_count)
    write("a.fr", "y\n" * tgt_count)
    src_lines, tgt_lines = (f"{n} line" if n == 1 else f"{n} lines" for n in (src_count, tgt_count))
    assert error_of("a.en", "a.fr") == (
        f"a.en has {src_lines} and a.fr has {tgt_lines}; parallel files need the same number"
    )


def test_empty_files() -> None:
    for name in ("a.tsv", "a.en", "a.fr", "a.jsonl.gz"):
        write(name, "")
    assert error_of("a.tsv") == "no pairs in a.tsv; expected at least one"
    assert error_of("a.en", "a.fr") == "no pairs in a.en, a.fr; expected at least one"
    assert error_of("a.jsonl.gz") == "no pairs in a.jsonl.gz; expected at least one"


def test_binary_file() -> None:
    write("a.tsv", b"a\tb\nc\td\0e\n")
    assert error_of("a.tsv") == "a.tsv:2: byte 4 is NUL: a binary file, where UTF-8 text was expected"
    write("b.tsv", "a\tb\n".encode("utf-16-le"))
    assert error_of("b.tsv") == "b.tsv:1: byte 2 is NUL: a binary file, where UTF-8 text was expected"


def test_wrong_encoding_names_file_line_and_byte() -> None:
    write("a.tsv", "yes\toui\nçà\tlà\n".encode("latin-1"))
    assert error_of("a.tsv") == (
        "a.tsv:2: byte 1 (0xe7) is not UTF-8 text; save the file in the UTF-8 encoding"
    )
    write("b.tsv", "no\tà".encode() + b"\xff\n")
    assert error_of("b.tsv").startswith("b.tsv:1: byte 6 (0xff) is not UTF-8 text")


def test_line_that_would_fill_the_memory() -> None:
    write("a.tsv", b"x" * (1 << 24) + b"\ty\n")
    assert error_of("a.tsv") == "a.tsv:1: the line is longer than 16 MiB"


def test_columns_that_are_not_there() -> None:
    write("a.tsv", "a\tb\nonly one\n")
    assert error_of("a.tsv") == "a.tsv:2: no column 1; choose with --columns from 0 'only one'"
    for columns, missing in ((("0", "4"), "4"), (("en", "1"), "'en'"), (("0", "-1"), "'-1'")):
        assert error_of("a.tsv", columns=columns) == (
            f"a.tsv:1: no column {missing}; choose with --columns from 0 'a', 1 'b'"
        )
    write("b.tsv", "How are you? Comment allez-vous ce matin ?\n")
    assert error_of("b.tsv") == (
        "b.tsv:1: no column 1; choose with --columns from 0 'How are you? Comment allez-vou...'"
    )


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_columns_by_the_names_of_a_header(suffix: str) -> None:
    rows = [("id", "tgt", "src"), *((str(k), pair.tgt, pair.src) for k, pair in enumerate(TWO))]
    table = write(f"a.csv{suffix}", as_csv(rows))
    tabs = write(f"a.TSV{suffix}", as_csv(rows, delimiter="\t"))
    for path in (table, tabs):
        report = ReadingReport()
        assert list(read_pairs([path], report=report)) == TWO
        assert report.notes == [f"{path}: a header; source in column 2, target in column 1"]
        assert list(read_pairs([path], ("2", "1"))) == TWO
        assert list(read_pairs([path], ("tgt", "src"))) == [Pair(t, s) for s, t in TWO]
        assert list(read_pairs([path], ("id", "1"))) == [Pair("0", "Comment ça va ?"), Pair("1", "Oui.")]


def test_csv() -> None:
    pairs = [Pair("Well, then?", 'Il dit "oui".'), Pair("two\nlines", "une; ligne")]
    report = ReadingReport()
    assert list(read_pairs([write("a.csv", "\n" + as_csv(pairs))], report=report)) == pairs
    assert report.notes == ["a.csv: no header; source in column 0, target in column 1"]
    assert report.summary() == "2 pairs (files: 1 in utf-8); skipped: 0 bad rows, 1 blank rows"
    headed = as_csv([Pair._fields, *pairs], delimiter=";")
    assert list(read_pairs([write("b.csv", headed)])) == pairs
    write("c.csv", 'a,b\n"c"d,e\n')
    assert error_of("c.csv").startswith("c.csv:2: not a row of CSV (")


def test_parallel_files_keep_blank_lines() -> None:
    write("a.en", "a\n\nc\n")
    write("a.fr", "\nb\nc\n")
    assert list(read_pairs(["a.en", "a.fr"])) == [Pair("a", ""), Pair("", "b"), Pair("c", "c")]


def test_json_columns_by_number() -> None:
    write("a.jsonl", '{"en": "a", "fr": "b"}\n{"fr": "d", "en": "c"}\n')
    assert list(read_pairs(["a.jsonl"], ("1", "0"))) == [Pair("b", "a"), Pair("d", "c")]
    assert error_of("a.jsonl") == (
        "a.jsonl:1: the source column is not known; choose with --columns from 0 'en', 1 'fr'"
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "a.jsonl:2: not a line of JSON (Expecting property name enclosed in double quotes: "),
        ("[" * 100_000, "a.jsonl:2: not a line of JSON ("),
        ("[1]", "a.jsonl:2: a JSON object was expected, found list"),
        ("{}", "a.jsonl:2: no column 'src'; choose with --columns from none"),
        (
            '{"en": "a", "fr": "b"}',
            "a.jsonl:2: no column 'src'; choose with --columns from 0 'en', 1 'fr'",
        ),
        (
            '{"translation": {"en": "a"}}',
            "a.jsonl:2: no column 'src'; choose with --columns from 0 'en'",
        ),
        ('{"src": "a", "tgt": 3}', "a.jsonl:2: 'tgt' must be text, found int"),
        (
            '{"src": "\\ud800", "tgt": "b"}',
            "a.jsonl:2: 'src' holds half of a surrogate pair, which is not text",
        ),
    ],
)
def test_bad_json_lines(line: str, message: str) -> None:
    write("a.jsonl", '{"src": "a", "tgt": "b"}\n' + line + "\n")
    assert error_of("a.jsonl").startswith(message)


def test_damaged_gzip() -> None:
    whole = gzip.compress("".join(f"{k}\t{k * k}\n" for k in range(20_000)).encode())
    Path("cut.tsv.gz").write_bytes(whole[: len(whole) // 2])
    message = error_of("cut.tsv.gz")
    assert message.startswith("cut.tsv.gz is a damaged gzip file: it cannot be read after line ")
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    Path("flipped.tsv.gz").write_bytes(flipped)
    assert "flipped.tsv.gz" in error_of("flipped.tsv.gz")
    Path("plain.tsv.gz").write_bytes(b"a\tb\n")
    assert error_of("plain.tsv.gz").startswith(
        "plain.tsv.gz is a damaged gzip file: it cannot be read after line 0"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_unreadable_file_is_named() -> None:
    Path("mem.tsv").symlink_to("/proc/self/mem")  # opens, but the first read fails
    assert error_of("mem.tsv") == "mem.tsv cannot be read: Input/output error"


@pytest.fixture
def hub_folder(monkeypatch: pytest.MonkeyPatch) -> str:
    """A local folder that `datasets` takes for owner/name, read by the same streaming code as the hub's."""
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    Path("owner/name").mkdir(parents=True)
    rows = "".join(json.dumps({"translation": {"en": s, "fr": t}}) + "\n" for s, t in TWO)
    Path("owner/name/train.jsonl").write_text(rows)
    Path("owner/name/test.jsonl").write_text(rows.splitlines()[1] + "\n")
    return "hf:owner/name"


def test_hub_data_set(hub_folder: str) -> None:
    assert list(read_pairs([hub_folder], ("en", "fr"))) == TWO
    assert list(read_pairs([hub_folder + ":test"], ("fr", "en"))) == [Pair("Oui.", "Yes.")]
    assert list(read_pairs([hub_folder + ":default:test"], ("en", "fr"))) == TWO[1:]
    assert error_of(hub_folder) == (
        "hf:owner/name, row 1: the source column is not known; choose with --columns from 0 'en', 1 'fr'"
    )


def test_hub_errors(hub_folder: str) -> None:
    assert error_of(hub_folder + ":moon", columns=("en", "fr")).startswith(
        "hf:owner/name:moon cannot be read from the Hugging Face hub: Bad split: moon."
    )
    assert error_of("hf:owner/name:a:b:c") == (
        "hf:owner/name:a:b:c is not of the form "
        "hf:owner/name, hf:owner/name:split or hf:owner/name:config:split"
    )


def test_hub_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise ConnectionError("Couldn't reach 'a/b' on the Hub\nand more lines")

    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    assert error_of("hf:a/b") == (
        "hf:a/b cannot be read from the Hugging Face hub: Couldn't reach 'a/b' on the Hub"
    )
