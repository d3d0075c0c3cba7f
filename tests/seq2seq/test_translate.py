from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from throughtime.errors import InputError
from throughtime.seq2seq.model import Translator, stepper
from throughtime.seq2seq.model_file import Tokenizers
from throughtime.seq2seq.run import BeamSettings, Candidate, Pipeline
from throughtime.seq2seq.translate import lines_of, ranked, standard_input, translate


class Shouting:
    """Takes the place of a pipeline: three candidates for a line; it notes how many lines go together."""

    def __init__(self) -> None:
        self.batch_sizes: list[int] = []

    def lines(self, lines: Iterable[str], batch_size: int) -> Iterator[list[Candidate]]:
        self.batch_sizes.append(batch_size)
        return ([Candidate(line.upper() + mark, 0.25 - k) for k, mark in enumerate("!.?")] for line in lines)


def put_on_standard_input(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_one_line_out_for_each_line_in() -> None:
    pipeline = Shouting()
    assert list(translate(pipeline, ["a", "", "b"], n_best=1, one_at_a_time=False)) == ["A!", "!", "B!"]
    assert list(translate(pipeline, ["a"], n_best=1, one_at_a_time=True)) == ["A!"]
    assert pipeline.batch_sizes == [64, 1]


def test_n_best_are_ranked_with_scores() -> None:
    expected = [
        "1\t0.2500\tA!",
        "2\t-0.7500\tA.",
        "3\t-1.7500\tA?",
        "1\t0.2500\tB!",
        "2\t-0.7500\tB.",
        "3\t-1.7500\tB?",
    ]
    assert list(translate(Shouting(), ["a", "b"], n_best=3, one_at_a_time=False)) == expected
    assert ranked([Candidate("", 0.0)]) == ["1\t0.0000\t"]


def test_n_best_of_a_model(letter_model: Callable[..., Translator], letters: Tokenizers) -> None:
    pipeline = Pipeline(stepper(letter_model()), letters, BeamSettings(beam_size=3, n_best=2))
    rows = [line.split("\t") for line in translate(pipeline, ["a b", "", "c"], 2, one_at_a_time=False)]
    assert [row[0] for row in rows] == ["1", "2", "1", "1", "2"]
    assert rows[2] == ["1", "0.0000", ""]
    assert float(rows[0][1]) >= float(rows[1][1])


def test_one_at_a_time_answers_before_it_reads_on(
    letter_model: Callable[..., Translator], letters: Tokenizers
) -> None:
    asked: list[str] = []

    def typed() -> Iterator[str]:
        for line in ("a b", "c", "d"):
            asked.append(line)
            yield line

    answers = translate(
        Pipeline(stepper(letter_model()), letters, BeamSettings()), typed(), 1, one_at_a_time=True
    )
    next(answers)
    assert asked == ["a b"]
    next(answers)
    assert asked == ["a b", "c"]


def test_text_comes_before_file_and_standard_input(tmp_path: Path) -> None:
    assert list(lines_of("How are you?", None)) == ["How are you?"]
    assert list(lines_of("one\ntwo\n\n", None)) == ["one", "two", "", ""]
    assert list(lines_of("", None)) == [""]
    path = tmp_path / "lines.txt"
    path.write_bytes("one\r\n\nçà\u2028là\n".encode())
    assert list(lines_of(None, path)) == ["one", "", "çà\u2028là"]
    zipped = tmp_path / "lines.txt.gz"
    zipped.write_bytes(gzip.compress(b"one\ntwo"))
    assert list(lines_of(None, zipped)) == ["one", "two"]


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes("bon\nça va\n".encode("latin-1"))
    with pytest.raises(InputError) as caught:
        list(lines_of(None, path))
    assert str(caught.value) == (
        f"{path}:2: byte 1 (0xe7) is not UTF-8 text; save the file in the UTF-8 encoding."
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
    assert list(standard_input()) == expected
    assert len(expected) == data.count(b"\n") + (not data.endswith(b"\n") and data != b"")


def test_without_text_and_file_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_standard_input(b"from outside\n", monkeypatch)
    assert list(lines_of(None, None)) == ["from outside"]
