"""Steps as numbers, in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from throughtime.errors import InputError
from throughtime.files import step_corpus
from throughtime.files.step_corpus import StepCorpus, prepare, reopen
from throughtime.files.step_settings import CodingConfig, HeldOutConfig, StepsConfig
from throughtime.files.steps import read_steps
from written import write

DATA = Path("data")


def prepared(content: str, whole: bool = False, **held: Any) -> StepCorpus:
    name = write("a.csv", content)
    return prepare(StepsConfig((name,)), HeldOutConfig(**held), CodingConfig(), DATA, whole=whole)


def rows(count: int) -> str:
    return "x,c,y\n" + "".join(f"{k},{'uv'[k % 2]},{'pq'[k % 2]}\n" for k in range(count))


def test_what_is_prepared_is_opened_again() -> None:
    first = prepared(rows(10), validation_share=0.2, test_share=0.1)
    again = reopen(DATA)
    assert again is not None
    assert (again.coding, list(again.notes), again.example) == (
        first.coding,
        list(first.notes),
        first.example,
    )
    for name, part in first.parts.items():
        for one, other in zip(part, again.parts[name], strict=True):
            np.testing.assert_array_equal(one, other)
    assert first.example == '[{"x": "0", "c": "u"}, {"x": "1", "c": "v"}, {"x": "2", "c": "u"}]'
    assert list(first.notes) == [
        "10 steps (files: 1 in utf-8); skipped: 0 bad rows, 0 blank rows",
        "a.csv: a header; target in column 2, no sequence, input in columns 0 1",
        "inputs: x (numbers), c (2 values)",
        "target: y (2 values), taken for labels; --target labels or numbers decides otherwise",
        *(
            "train: 7 steps in 1 sequences",
            "validation: 2 steps in 1 sequences",
            "test: 1 steps in 1 sequences",
        ),
    ]


def test_codings_are_learned_from_the_training_part_alone() -> None:
    corpus = prepared("x,y\n1,p\n3,q\n100,r\n", validation_share=0.4, test_share=0.0)
    (x,) = corpus.coding.inputs
    assert (x.mean, x.deviation, corpus.coding.target.names) == (2.0, 1.0, ("p", "q"))
    assert corpus.parts["validation"].inputs.tolist() == [[98.0]]
    assert corpus.parts["validation"].targets.tolist() == [2.0]  # a label that was not learned
    assert "test" not in corpus.parts


def test_nothing_was_prepared() -> None:
    assert reopen(DATA) is None


def test_parts_without_targets_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        prepared("x,y\n1,p\n2,q\n3,p\n4,\n", validation_share=0.25, test_share=0.0)
    assert str(caught.value) == "no step of the validation part has a value in 'y'; hold out other steps"
    assert not DATA.exists()


def test_sequences_too_long_to_be_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_corpus, "LONGEST", 7)
    with pytest.raises(InputError) as caught:
        prepared(rows(10), whole=True)
    assert str(caught.value) == (
        "a sequence has 8 steps, and at most 7 are read whole; divide it with --sequence-column or by blank "
        "lines, or leave out --bidirectional"
    )


def test_other_columns_than_those_learned_from() -> None:
    corpus = prepared(rows(10))
    other = read_steps(StepsConfig((write("b.csv", "x,y\n1,p\n"),)))
    with pytest.raises(InputError, match=r"^there are 1 input columns; expected 2, as in training$"):
        corpus.coding.observed(other)
