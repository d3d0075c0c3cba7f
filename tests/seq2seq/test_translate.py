from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

import pytest

from chosen import beam_settings
from throughtime.cli.inputs import blocks_of_text
from throughtime.errors import InputError
from throughtime.seq2seq.formats import Writer, ranked, writer_of
from throughtime.seq2seq.network.model import Translator
from throughtime.seq2seq.network.stepper import stepper
from throughtime.seq2seq.pipeline import Candidate, Pipeline
from throughtime.seq2seq.translate import prefixes_of, translate
from throughtime.text.tokenizer import Tokenizers


class Shouting:
    """Takes the place of a pipeline: three candidates for a line."""

    def lines(self, lines: Iterable[str], prefixes: Iterable[str]) -> Iterator[list[Candidate]]:
        return (
            [Candidate(prefix + line.upper() + mark, 0.25 - k) for k, mark in enumerate("!.?")]
            for line, prefix in zip(lines, prefixes, strict=False)
        )


class Arriving:
    """Standard input whose parts arrive one after the other; `taken` tells how many were asked for."""

    def __init__(self, *parts: bytes) -> None:
        self.parts, self.taken, self.buffer = parts, 0, self

    def read1(self, size: int) -> bytes:
        self.taken += 1
        return self.parts[self.taken - 1] if self.taken <= len(self.parts) else b""


def plain(n_best: int) -> Writer:
    return writer_of("text", Shouting(), n_best)


def put_on_standard_input(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def lines_of_blocks(blocks: Iterable[list[str]]) -> list[str]:
    return list(chain.from_iterable(blocks))


def test_one_line_out_for_each_line_in() -> None:
    assert list(translate(Shouting(), [["a", "", "b"], ["c"]], plain(1))) == [["A!", "!", "B!"], ["C!"]]


def test_n_best_are_ranked_with_scores() -> None:
    expected = [
        "1\t0.2500\tA!",
        "2\t-0.7500\tA.",
        "3\t-1.7500\tA?",
        "1\t0.2500\tB!",
        "2\t-0.7500\tB.",
        "3\t-1.7500\tB?",
    ]
    assert list(translate(Shouting(), [["a", "b"]], plain(3))) == [expected]
    assert ranked([Candidate("", 0.0)]) == ["1\t0.0000\t"]


def test_lines_are_numbered_through_all_blocks() -> None:
    def write(number: int, line: str, found: list[Candidate]) -> list[str]:
        return [f"{number} {line} {found[-1].text}"]

    assert list(translate(Shouting(), [["a", ""], ["c"]], write)) == [["0 a A?", "1  ?"], ["2 c C?"]]


def test_each_line_has_its_prefix(tmp_path: Path) -> None:
    path = tmp_path / "prefixes.txt"
    path.write_text("x\n\nz\n", encoding="utf-8")
    blocks = [["a", "b"], ["c"]]
    assert list(translate(Shouting(), blocks, plain(1), prefixes_of(None, path))) == [["xA!", "B!"], ["zC!"]]
    assert list(translate(Shouting(), blocks, plain(1), prefixes_of("y", None))) == [["yA!", "yB!"], ["yC!"]]
    assert list(translate(Shouting(), blocks, plain(1), prefixes_of(None, None))) == [["A!", "B!"], ["C!"]]
    for other, found in (
        ([*blocks, ["d"]], "there are 3 prefixes, but more lines: give one prefix for each line"),
        (blocks[:1], "there are more prefixes than the 2 lines: give one prefix for each line"),
    ):
        with pytest.raises(InputError) as caught:
            list(translate(Shouting(), other, plain(1), prefixes_of(None, path)))
        assert str(caught.value) == found
    with pytest.raises(InputError) as caught:
        prefixes_of("y", path)
    assert str(caught.value) == ("prefix and prefixes are both given: leave out one of them")


def test_n_best_of_a_model(letter_model: Callable[..., Translator], letters: Tokenizers) -> None:
    pipeline = Pipeline(stepper(letter_model()), letters, beam_settings(beam_size=3, n_best=2))
    (block,) = translate(pipeline, [["a b", "", "c"]], plain(2))
    rows = [line.split("\t") for line in block]
    assert [row[0] for row in rows] == ["1", "2", "1", "1", "2"]
    assert rows[2] == ["1", "0.0000", ""]
    assert float(rows[0][1]) >= float(rows[1][1])


def test_what_has_come_is_answered_before_more_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = Arriving(b"one\ntw", b"o\n", b"thr", b"ee\nfour")
    monkeypatch.setattr(sys, "stdin", typed)
    answers = translate(Shouting(), blocks_of_text(None, None), plain(1))
    seen = [(next(answers), typed.taken) for _ in range(4)]
    assert seen == [(["ONE!"], 1), (["TWO!"], 2), (["THREE!"], 4), (["FOUR!"], 5)]
    assert list(answers) == []


def test_much_at_once_is_answered_in_parts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lines = [str(k) for k in range(150)]
    data = "".join(f"{line}\n" for line in lines).encode()
    put_on_standard_input(data, monkeypatch)
    (tmp_path / "lines.txt").write_bytes(data)
    expected = [lines[:64], lines[64:128], lines[128:]]
    assert list(blocks_of_text(None, None)) == expected
    assert list(blocks_of_text(None, tmp_path / "lines.txt")) == [lines]  # a file is sorted as a whole
    assert list(blocks_of_text("\n".join(lines), None)) == expected


def test_text_comes_before_file_and_standard_input(tmp_path: Path) -> None:
    assert lines_of_blocks(blocks_of_text("How are you?", None)) == ["How are you?"]
    assert lines_of_blocks(blocks_of_text("one\ntwo\n\n", None)) == ["one", "two", "", ""]
    assert lines_of_blocks(blocks_of_text("", None)) == [""]
    path = tmp_path / "lines.txt"
    path.write_bytes("one\r\n\nçà\u2028là\n".encode())
    assert lines_of_blocks(blocks_of_text(None, path)) == ["one", "", "çà\u2028là"]
    zipped = tmp_path / "lines.txt.gz"
    zipped.write_bytes(gzip.compress(b"one\ntwo"))
    assert lines_of_blocks(blocks_of_text(None, zipped)) == ["one", "two"]


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes("bon\nça va\n".encode("latin-1"))
    with pytest.raises(InputError) as caught:
        lines_of_blocks(blocks_of_text(None, path))
    assert str(caught.value) == (
        f"{path}:2: byte 1 (0xe7) is not UTF-8 text; save the file in the UTF-8 encoding"
    )


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"one\ntwo", ["one", "two"]),
        (b"one\r\n\r\n two \n", ["one", "", " two "]),
        (b"a\rb\x0bc\xe2\x80\xa8d\xc2\x85e\n", ["a\rb\x0bc\u2028d\x85e"]),
        (b"caf\xe9\nna\xc3\xafve\n\xff\xfe\n", ["caf\ufffd", "naïve", "\ufffd\ufffd"]),
        (b"nul\x00\n", ["nul\x00"]),
    ],
)
def test_standard_input_has_a_line_for_every_line(
    monkeypatch: pytest.MonkeyPatch, data: bytes, expected: list[str]
) -> None:
    put_on_standard_input(data, monkeypatch)
    assert lines_of_blocks(blocks_of_text(None, None)) == expected
    assert len(expected) == data.count(b"\n") + (not data.endswith(b"\n") and data != b"")


def test_without_text_and_file_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_standard_input(b"from outside\n", monkeypatch)
    assert lines_of_blocks(blocks_of_text(None, None)) == ["from outside"]
