"""Sequences of steps, from every kind of file."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import datasets
import pytest

from hub import write_labelled
from throughtime.errors import InputError
from throughtime.files.reading import ReadingReport
from throughtime.files.step_settings import HeldOutConfig, StepsConfig
from throughtime.files.steps import Steps, read_parts, read_steps, steps_of_json
from written import write

WORDS = [("a", "D"), ("dog", "N"), ("ran", "V")], [("it", "P"), ("ran", "V")]


def read(*corpus: str, **settings: Any) -> Steps:
    return read_steps(StepsConfig(corpus, **settings))


def error_of(*corpus: str, **settings: Any) -> str:
    with pytest.raises(InputError) as caught:
        read(*corpus, **settings)
    return str(caught.value)


def sequences(steps: Steps) -> list[list[tuple[str, ...]]]:
    """Inputs and target of each step of each sequence."""
    rows = list(zip(*steps.inputs.values(), steps.targets, strict=True))
    ends = [0, *steps.ends.tolist()]
    return [rows[first:last] for first, last in pairwise(ends)]


def blank_lines(kind: str) -> str:
    between = "\t" if kind.startswith(".tsv") else ","
    lines = [[f"{word}{between}{tag}" for word, tag in sentence] for sentence in WORDS]
    if kind.startswith(".jsonl"):
        lines = [[f'{{"word": "{word}", "tag": "{tag}"}}' for word, tag in sentence] for sentence in WORDS]
        return "\n\n".join("\n".join(sentence) for sentence in lines) + "\n"
    return f"word{between}tag\n" + "\n\n\n".join("\n".join(sentence) for sentence in lines) + "\n\n"


@pytest.mark.parametrize("kind", [".tsv", ".csv", ".jsonl", ".tsv.gz", ".csv.gz", ".jsonl.gz"])
def test_blank_lines_divide_sequences(kind: str) -> None:
    steps = read(write(f"words{kind}", blank_lines(kind)))
    assert sequences(steps) == list(WORDS)
    assert list(steps.inputs) == ["word"]
    assert (steps.columns.target_column, steps.columns.input_columns) == ("tag", ("word",))


@pytest.mark.parametrize("kind", [".csv", ".jsonl"])
def test_a_column_divides_sequences_wherever_their_rows_stand(kind: str) -> None:
    rows = [("s1", 1, "u"), ("s2", 2, "v"), ("s1", 3, "w"), ("s2", 4, "x")]
    content = "id,x,y\n" + "".join(f"{each},{x},{y}\n\n" for each, x, y in rows)
    if kind == ".jsonl":
        content = "".join(f'{{"id": "{each}", "x": {x}, "y": "{y}"}}\n' for each, x, y in rows)
    steps = read(write(f"panel{kind}", content), sequence_column="id")
    assert sequences(steps) == [[("1", "u"), ("3", "w")], [("2", "v"), ("4", "x")]]


def test_rows_of_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    write_labelled(Path("owner/name"), [{"text": "win", "label": 1}, {"text": "hi", "label": 0}])
    assert sequences(read("hf:owner/name")) == [[("win", "spam"), ("hi", "ham")]]


def test_a_file_with_neither_is_one_sequence_and_none_goes_beyond_it() -> None:
    first, second = write("a.csv", "x,y\n1,u\n2,v\n"), write("b.csv", "y,x\nw,3\n")
    assert sequences(read(first, second)) == [[("1", "u"), ("2", "v")], [("3", "w")]]


def test_columns_are_named_or_numbered() -> None:
    name = write("a.tsv", "time\tx\tz\tz\tout\n1\t2\t3\t4\t5\n")
    named = read(name, target_column="out", input_columns=("x", "3"))
    assert (dict(named.inputs), list(named.targets)) == ({"x": ["2"], "3": ["4"]}, ["5"])
    every = read(name, target_column="out")
    assert list(every.inputs) == ["time", "x", "2", "3"]  # a name that stands twice tells nothing
    bare = write("b.tsv", "1\t2\t3\n4\t5\t6\n")
    assert sequences(read(bare, target_column="2")) == [[("1", "2", "3"), ("4", "5", "6")]]


def test_values_of_json_are_text() -> None:
    name = write("a.jsonl", '{"a": null, "b": 1.5, "c": true, "d": " x ", "y": 2}\n')
    assert sequences(read(name)) == [[("", "1.5", "true", "x", "2")]]


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        ("a,b\n1,2\n", {}, "the target column is not known; choose with --target-column from 0 'a', 1 'b'"),
        (
            "a,y\n1,2\n",
            {"target_column": "z"},
            "no column 'z'; choose with --target-column from 0 'a', 1 'y'",
        ),
        ("a,y\n1,2\n", {"sequence_column": "id"}, "no column 'id'; choose with --sequence-column from 0 'a'"),
        ("a,y\n1,2\n", {"input_columns": ("b",)}, "no column 'b'; choose with --input-columns from 0 'a'"),
        (
            "a,y\n1,2\n",
            {"input_columns": ("a", "y"), "target_column": "y"},
            "'y' is both target and input; leave it out of --input-columns",
        ),
        ("y\n1\n", {}, "there is no input beside the target 'y'; expected a column more"),
        ("a,y\n1,2\n3\n", {}, "a.csv:3: 1 column; expected 2, as in the first row"),
        ("a,y\n", {}, "no steps in a.csv; expected at least one"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(
    content: str, settings: dict[str, Any], message: str
) -> None:
    assert message in error_of(write("a.csv", content), **settings)


def test_other_files_are_refused() -> None:
    assert error_of() == "no corpus is given; name files that have a step on each row with --corpus"
    assert error_of(write("a.txt", "a\n")) == (
        "a.txt is not .csv, .tsv or .jsonl (.gz may follow), which have a step on each row"
    )
    row = write("a.jsonl", '{"words": ["a"], "y": 1}\n')
    assert error_of(row) == "a.jsonl:1: 'words' must be text or a number, found list"


def test_a_bad_row_does_not_join_the_sequences_beside_it() -> None:
    name = write("a.csv", "x,y\n1,u\n\n2\n3,v\n")
    assert sequences(read(name, on_bad="skip")) == [[("1", "u")], [("3", "v")]]


def parts_of(lengths: list[int], **held: Any) -> dict[str, list[list[str]]]:
    blocks = [
        "".join(f"{number}.{step},u\n" for step in range(length)) for number, length in enumerate(lengths)
    ]
    name = write("a.csv", "x,y\n" + "\n".join(blocks))
    report = ReadingReport()
    parts = read_parts(StepsConfig((name,)), HeldOutConfig(**held), report)
    return {part: [[x for x, _ in each] for each in sequences(steps)] for part, steps in parts.items()}


def test_the_last_of_many_sequences_are_held_out_whole() -> None:
    parts = parts_of([2] * 10, validation_share=0.2, test_share=0.1)
    assert parts["validation"] == [["7.0", "7.1"], ["8.0", "8.1"]]
    assert parts["test"] == [["9.0", "9.1"]]
    assert len(parts["train"]) == 7


def test_the_end_of_each_of_a_few_is_held_out() -> None:
    parts = parts_of([10, 5], validation_share=0.2, test_share=0.2)
    assert parts["validation"] == [["0.6", "0.7"], ["1.3"]]
    assert parts["test"] == [["0.8", "0.9"], ["1.4"]]
    assert parts_of([10], test_share=0.0)["test"] == []


def test_files_of_their_own_leave_the_corpus_whole() -> None:
    other = write("b.csv", "y,x\nv,7\n")
    parts = parts_of([10], validation=(other,), test=(other,))
    assert (len(parts["train"][0]), parts["validation"], parts["test"]) == (10, [["7"]], [["7"]])


def test_shares_have_to_leave_something() -> None:
    for share in (
        {"validation_share": 0.0},
        {"test_share": 1.0},
        {"validation_share": 0.5, "test_share": 0.5},
    ):
        with pytest.raises(InputError):
            HeldOutConfig(**share)


COLUMNS = StepsConfig((), ("a", "b"), "y")


def test_sequences_of_json() -> None:
    steps = steps_of_json([[{"b": 1, "a": "u", "c": 0}, ["v", None]], [["w", 2.5]]], COLUMNS)
    assert sequences(steps) == [[("u", "1", ""), ("v", "", "")], [("w", "2.5", "")]]
    alone = steps_of_json([["u", "v"]], StepsConfig((), ("a",), "y"))
    assert sequences(alone) == [[("u", ""), ("v", "")]]


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        ([], "there is no sequence; expected one or more"),
        ([[]], "a sequence is a list of steps, each an object of a, b; found no step"),
        (["ab"], "a sequence is a list of steps, each an object of a, b; found str"),
        ([[{"a": 1}]], "step 1: no column 'b'; expected a, b"),
        ([[[1, 2], [1]]], "step 2: 1 values; expected 2: a, b"),
        ([[[1, [2]]]], "step 1: 'b' must be text or a number, found list"),
    ],
)
def test_sequences_of_json_that_are_none(sequences: list[Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        steps_of_json(sequences, COLUMNS)
    assert str(caught.value) == message
