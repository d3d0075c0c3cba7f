from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gensim.models import KeyedVectors
from gensim.test.utils import datapath
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from throughtime.artefact.file import Artefact, save
from throughtime.errors import InputError
from throughtime.words.embed.exchange import load_vectors, read_vectors, save_vectors, write_vectors
from throughtime.words.embed.vectors import Subwords, WordVectors

WORDS = ["the", "naïve", "new_york", "3.14", "🙂"]
ROWS = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32) * np.float32(1e-3)
VECTORS = WordVectors(
    WORDS,
    ROWS,
    np.array([9, 5, 3, 2, 1]),
    {"embed": {"size": 4}, "sources": {"numpy": "2.4"}},
    Subwords(3, 6, np.arange(8, dtype=np.float32).reshape(2, 4)),
)
FORMATS: list[Any] = ["model", "text", "binary"]


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def error_of(data: bytes | str, name: str = "v") -> str:
    Path(name).write_bytes(data.encode() if isinstance(data, str) else data)
    with pytest.raises(InputError) as caught:
        read_vectors(name)
    return str(caught.value)


def test_the_model_file_holds_everything() -> None:
    save_vectors(VECTORS, "v.safetensors")
    for found in (load_vectors("v.safetensors"), read_vectors("v.safetensors")):
        assert list(found.words) == WORDS
        assert_array_equal(found.matrix, ROWS)
        assert found.counts is not None and found.counts.tolist() == [9, 5, 3, 2, 1]
        assert found.about == VECTORS.about
        assert_array_equal(found.vector("never seen"), VECTORS.vector("never seen"))


def test_a_model_file_without_what_need_not_be() -> None:
    save_vectors(WordVectors(["a b\t", ""], ROWS[:2]), "v.safetensors")
    found = load_vectors("v.safetensors")
    assert (list(found.words), found.counts, found.about, found.subwords) == (["a b\t", ""], None, {}, None)


@pytest.mark.parametrize("name", ["v", "v.gz"])
@pytest.mark.parametrize("format", ["text", "binary"])
def test_word2vec_formats_come_back_to_the_bit(format: Any, name: str) -> None:
    write_vectors(VECTORS, name, format)
    found = read_vectors(name)
    assert list(found.words) == WORDS
    assert_array_equal(found.matrix, ROWS)
    assert found.about == {"file": name}
    assert (Path(name).read_bytes()[:2] == b"\x1f\x8b") == (name == "v.gz")
    before = Path(name).read_bytes()
    write_vectors(VECTORS, name, format)
    assert Path(name).read_bytes() == before


@pytest.mark.parametrize("format", ["text", "binary"])
def test_gensim_reads_what_we_write_and_writes_what_we_read(format: Any) -> None:
    write_vectors(VECTORS, "ours", format)
    theirs = KeyedVectors.load_word2vec_format("ours", binary=format == "binary")
    assert theirs.index_to_key == WORDS
    assert_array_equal(theirs.vectors, ROWS)
    theirs.save_word2vec_format("theirs", binary=format == "binary")
    found = read_vectors("theirs")
    assert list(found.words) == WORDS
    assert_array_equal(found.matrix, ROWS)


def test_glove_has_no_first_line_and_words_with_spaces() -> None:
    Path("g").write_text("the 0.5 -1 2e-3\n. . . 1 2 3\n")
    found = read_vectors("g")
    assert list(found.words) == ["the", ". . ."]
    assert_array_equal(found.matrix, np.array([[0.5, -1, 2e-3], [1, 2, 3]], np.float32))


def test_fasttext_writes_a_space_at_the_end_of_its_lines() -> None:
    found = read_vectors(datapath("lee_fasttext.vec"))
    theirs = KeyedVectors.load_word2vec_format(datapath("lee_fasttext.vec"))
    assert list(found.words) == theirs.index_to_key
    assert_array_equal(found.matrix, theirs.vectors)


def test_files_that_are_not_there() -> None:
    with pytest.raises(InputError, match=r"^no\.bin does not exist; expected a file of word vectors$"):
        read_vectors("no.bin")
    with pytest.raises(InputError, match=r"^\. is a directory; expected a file of word vectors$"):
        read_vectors(".")
    with pytest.raises(InputError, match=r"^nowhere/v cannot be written: No such file or directory$"):
        write_vectors(VECTORS, "nowhere/v", "text")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "v:1: expected a word and its numbers; got ''"),
        ("Once upon\n", "v:1: could not convert string to float: 'upon'; expected numbers after a word"),
        ("2 0\na\nb\n", "v:1: expected a word and its numbers; got '2 0'"),
        ("2 2\na 1 2\n", "v has 1 words; its first line announces 2"),
        ("1 2\na 1 2\nb 1 2\n", "v has 2 words; its first line announces 1"),
        ("0 2\n", "v has no word; expected at least one"),
        ("2 2\na 1 2\nb 1\n", "v:3: 1 number found after a word; expected 2"),
        ("a 1 2\nb\n", "v:2: 0 numbers found after a word; expected 2"),
        ("2 2\na 1 2\na 1 2\n", "v:3: 'a' occurs twice; expected different words"),
        (
            "2 2\na 1 2\nb 1 x\n",
            "v:3: could not convert string to float: 'x'; expected numbers after a word",
        ),
        ("2 2\na 1 nan\nb 1 1\n", "v:2: a number is not finite; expected finite ones"),
        ("a 1 1e39\n", "v:1: a number is not finite; expected finite ones"),
        ("a 1 2\n\xff 1 2\n", ""),
    ],
)
def test_damaged_text(text: str, said: str) -> None:
    if said:
        assert error_of(text) == said
    else:
        assert error_of(text.encode("latin-1")).startswith("v:2: byte 1 (0xff) is not UTF-8 text")


def binary(words: list[bytes], header: bytes = b"2 3\n", end: bytes = b"\n") -> bytes:
    return header + b"".join(word + b" " + ROWS[0, :3].tobytes() + end for word in words)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            binary([b"a", b"b"])[:-5],
            "v: word 2 of 2 is cut off: the file is truncated, or its first line is wrong",
        ),
        (
            binary([b"a"]),
            "v: word 2 of 2 is cut off: the file is truncated, or its first line is wrong",
        ),
        (binary([b"a", b"b", b"c"]), "v continues after the 2 words that its first line announces"),
        (binary([b"a", b"a"]), "v: word 2 of 2, 'a', occurs twice; expected different words"),
        (
            binary([b"a", b"\xff"]),
            "v: word 2 of 2 is not UTF-8 text: the file is damaged or of another form",
        ),
        (
            binary([b"a", b"x" * 2000]),
            "v: word 2 of 2 is too long: the file is damaged or of another form",
        ),
        (
            b"1 2\nnot " + np.array([1, np.nan], np.float32).tobytes(),
            "v: the vector of 'not' has a number that is not finite",
        ),
        (b"2 0\n\xff", "v:1: 2 words of 0 numbers are announced; expected one at least"),
        (
            b"99999999999999 99999999999999\n\xffa b",
            "v: word 1 of 99,999,999,999,999 is not UTF-8 text: the file is damaged or of another form",
        ),
    ],
)
def test_damaged_binary(data: bytes, said: str) -> None:
    assert error_of(data) == said


def test_binary_without_line_feeds_as_gensim_writes_it() -> None:
    Path("v").write_bytes(binary([b"a", b"b"], end=b""))
    assert list(read_vectors("v").words) == ["a", "b"]


def test_damaged_gzip() -> None:
    whole = gzip.compress(binary([b"a", b"b"]))
    assert error_of(whole[:-9], "v.gz").startswith("v.gz is a damaged gzip file")
    assert error_of(b"plain", "v.gz").startswith("v.gz is a damaged gzip file (Not a gzipped file")


def test_words_of_two_lines_that_no_format_holds() -> None:
    broken = WordVectors(["fine", "new\nyork"], ROWS[:2])
    for format in FORMATS:
        with pytest.raises(InputError) as caught:
            write_vectors(broken, "v", format)
        assert str(caught.value) == (
            "'new\\nyork' contains a line feed; expected none, as no format has such words"
        )
    assert not list(Path().iterdir())


def test_text_whose_ninth_byte_is_that_of_a_model_file() -> None:
    Path("v").write_text("00003 2\n{ 1 2\na 1 2\nb 1 2\n")
    assert Path("v").read_bytes()[8:9] == b"{"
    assert list(read_vectors("v").words) == ["{", "a", "b"]


def test_foreign_files() -> None:
    assert error_of(b"PK\x03\x04\0\0 a zip").startswith("v:1: byte 5 is NUL: a binary file")
    save(Artefact("seq2seq", {}, {}, {}), "v")
    assert error_of(Path("v").read_bytes()) == "v holds a model of kind 'seq2seq'; expected 'words embed'"
    save(Artefact("words embed", {"about": {}}, {}, {}), "v")
    assert error_of(Path("v").read_bytes()) == "v: words and vectors do not fit together ('words')"


def test_words_that_text_and_binary_cannot_hold() -> None:
    spaced = WordVectors(["fine", "new york"], ROWS[:2])
    for format in ("text", "binary"):
        with pytest.raises(InputError) as caught:
            write_vectors(spaced, "v", format)  # type: ignore[arg-type]
        assert str(caught.value) == (
            "'new york' is empty or contains white space: write format model, as text and binary have no "
            "such words"
        )
    assert not list(Path().iterdir())
    with pytest.raises(InputError, match=r"^format is onnx; expected model, text, binary$"):
        write_vectors(spaced, "v", "onnx")  # type: ignore[arg-type]


word = st.text(st.characters(exclude_categories=("Z", "C")), min_size=1, max_size=8)
any_line = st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=8)
number = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(
    st.dictionaries(word, st.lists(number, min_size=3, max_size=3), min_size=1, max_size=5),
    st.sampled_from(FORMATS),
)
@settings(max_examples=100, deadline=None)
def test_any_words_and_numbers_come_back(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[str, list[float]], format: Any
) -> None:
    path = tmp_path_factory.mktemp("any") / "v"
    vectors = WordVectors(list(rows), np.array(list(rows.values()), np.float32))
    write_vectors(vectors, path, format)
    found = read_vectors(path)
    assert list(found.words) == list(rows)
    assert_array_equal(found.matrix, vectors.matrix)


@given(st.lists(any_line, min_size=1, max_size=5, unique=True))
@settings(max_examples=100, deadline=None)
def test_the_model_file_holds_words_of_any_line(
    tmp_path_factory: pytest.TempPathFactory, words: list[str]
) -> None:
    path = tmp_path_factory.mktemp("any") / "v"
    write_vectors(WordVectors(words, ROWS[: len(words)]), path)
    assert list(read_vectors(path).words) == words


@given(st.binary(max_size=200), st.sampled_from([b"", b"1 1\n", b"2 3\n", b"a 1 2\n"]))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_vectors_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, head: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "v"
    path.write_bytes(head + data)
    try:
        found = read_vectors(path)
    except InputError as error:
        assert str(path) in str(error) and "\n" not in str(error)
    else:
        assert len(found) >= 1
