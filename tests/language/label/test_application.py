"""Runs of sequence labelling: what they learn, say, answer and leave behind."""

from __future__ import annotations

import json
import os
import shlex
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from rich.console import Console

import throughtime
from held_letters import held_letters
from throughtime.application import workflow
from throughtime.application.workflow import Result
from throughtime.artefact.file import load
from throughtime.cli.main import main
from throughtime.errors import InputError
from throughtime.language.label.application import APPLICATION
from throughtime.language.label.model import load_model
from throughtime.language.label.task import LabelTask
from throughtime.studio.api import api_of
from throughtime.studio.config import ServeConfig
from written import write

Train = Callable[..., Result]
BEST = "run/best.safetensors"


def command(*arguments: str) -> None:
    with pytest.raises(SystemExit) as left:
        main(["label", *arguments])
    assert left.value.code in (None, 0)


def test_a_run_from_its_corpus_to_its_answers(learned: str, capsys: pytest.CaptureFixture[str]) -> None:
    for line in (
        "letters.tsv: a header; target in column 2, no sequence, input in columns 0 1",
        "inputs: letter (3 values), size (numbers, some missing)",
        "target: tag (2 values), taken for labels; --target labels or numbers decides otherwise",
        "train: 300 steps in 10 sequences",
    ):
        assert line in learned
    report = json.loads(Path("run/report.json").read_text())["test"]
    assert report["steps"] == 30
    assert report["scores"]["model"]["accuracy"] > 95
    assert report["scores"]["majority label"]["accuracy"] < 70
    assert report["scores"].keys() > {"majority label of each letter", "linear map of t-4 to t"}
    assert set(report["labels"]) == {"a", "b"}

    run, evaluate = learned.splitlines()[-2:]
    example = run.split(" | ")[0].strip().removeprefix("printf '%s\\n' ")
    assert run.endswith(f" | throughtime label run {BEST}")
    assert evaluate.strip() == f"throughtime label evaluate {BEST}"

    write("in.jsonl", "\n".join([*shlex.split(example), '[["a", 5], ["b", null], ["new", 3]]']))
    command("run", BEST, "--file", "in.jsonl")
    lines = capsys.readouterr().out.splitlines()
    answers = [json.loads(line) for line in lines]
    assert [len(answer["labels"]) for answer in answers] == [3, 3]
    assert answers[1]["labels"] == ["a", "b", "b"]

    command("evaluate", BEST, "--json")
    again = json.loads(capsys.readouterr().out)
    assert again["scores"] == report["scores"]
    write("other.csv", "tag,size,letter\n,1,a\nb,2,b\nz,3,c\n")
    command("evaluate", BEST, "--corpus", "other.csv", "--json")
    other = json.loads(capsys.readouterr().out)
    assert (other["steps"], other["scores"]["model"]["accuracy"]) == (2, 50)  # z was not learned
    command("evaluate", BEST)
    assert "majority label" in capsys.readouterr().out


def test_the_server_and_python_answer_alike(learned: str) -> None:
    sequence: list[Any] = [{"letter": "a", "size": 1.0}, {"letter": "c", "size": None}]
    (answer,) = throughtime.load(BEST)([sequence])
    app = api_of(APPLICATION, load_model(Path(BEST)), ServeConfig())
    with TestClient(app) as client:
        done = client.post("/label", json={"inputs": [sequence]})
        assert done.json() == {"labels": [answer.to_json()]}
        wrong = client.post("/label", json={"inputs": [[{"letter": "a"}]]})
        assert (wrong.status_code, wrong.json()["detail"]) == (
            422,
            "step 1: no column 'size'; expected letter, size",
        )


def test_answers_do_not_depend_on_what_is_asked_beside(learned: str) -> None:
    model = throughtime.load(BEST)
    asked = [[["a", 1], ["b", 2], ["c", 3]], [["c", 1]], [["b", 4], ["b", 5]]]
    together = [answer.to_json()["probabilities"] for answer in model(asked)]
    alone = [model([sequence])[0].to_json()["probabilities"] for sequence in asked]
    for one, other in zip(together, alone, strict=True):
        assert one == pytest.approx(other, abs=2e-6)


def test_text_where_numbers_were_learned(learned: str) -> None:
    with pytest.raises(
        InputError, match=r"^column 'size' holds 'big', where training had numbers; leave it empty"
    ):
        throughtime.load(BEST)([[["a", "big"]]])


def test_numbers_are_predicted_in_their_units(train: Train) -> None:
    draw = np.random.default_rng(0)
    x = draw.normal(size=600)
    rows = "".join(f"{a:.4f},{1000 + 50 * b:.2f}\n" for a, b in zip(x, np.r_[0, x[:-1]], strict=True))
    given = {"max_epochs": 8.0, "learning_rate": 0.03, "best_by": "rmse"}
    result = train(corpus=(write("a.csv", f"x,y\n{rows}"),), **given)
    scores = result.report["test"]["scores"]
    assert scores["model"]["r2"] > 0.9 and scores["mean"]["r2"] < 0.1
    assert scores["model"]["rmse"] < 15 < 40 < scores["mean"]["rmse"]
    (answer,) = throughtime.load(BEST)([[1.0, 2.0, 0.0]])
    assert answer.to_json()["numbers"] == pytest.approx([1000, 1050, 1100], abs=30)


def test_networks_that_read_both_ways_see_what_comes(train: Train) -> None:
    draw = np.random.default_rng(0)
    bits = draw.integers(0, 2, (20, 20))
    after = np.concatenate([bits[:, 1:], np.zeros((20, 1), int)], 1)
    rows = "".join(
        f"{k},{bit},{tag}\n" for k in range(20) for bit, tag in zip(bits[k], after[k], strict=True)
    )
    given = {"sequence_column": "id", "bidirectional": True, "max_epochs": 8.0, "learning_rate": 0.05}
    result = train(corpus=(write("a.csv", f"id,bit,tag\n{rows}"),), **given)
    scores = result.report["test"]["scores"]
    assert scores["model"]["accuracy"] > 95
    assert "linear map of t-2 to t+2" in scores
    assert load_model(Path(BEST)).coding.columns.sequence_column == "id"


@pytest.mark.parametrize(("step", "bidirectional"), [(17, False), (7, True)])
def test_an_interrupted_run_ends_in_the_same_bits(
    step: int, bidirectional: bool, train: Train, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"bidirectional": bidirectional, "dropout": 0.2, "max_epochs": 2.0, "rows": 2}
    train("whole", **settings)
    taken, loss = [0], LabelTask.loss

    def press(self: LabelTask, *arguments: Any) -> Any:
        taken[0] += 1
        if taken[0] == step:
            os.kill(os.getpid(), signal.SIGINT)
        return loss(self, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(LabelTask, "loss", press)
        assert train("run", **settings).interrupted
    Path("letters.tsv").unlink()  # a resumed run has the data that it began with
    assert not workflow.resume(Path("run"), console).interrupted
    for name in ("best.safetensors", "last.safetensors"):
        one, other = load(f"whole/{name}").tensors, load(f"run/{name}").tensors
        assert all(np.array_equal(one[key].numpy(), other[key].numpy()) for key in one)


def test_a_model_without_the_data_of_its_run_has_no_floors(learned: str) -> None:
    Path("alone.safetensors").write_bytes(Path(BEST).read_bytes())
    model = throughtime.load("alone.safetensors")
    with pytest.raises(InputError, match=r"^no steps were held out for this model; name some with --corpus$"):
        model.evaluate()
    assert list(model.evaluate(corpus=("letters.tsv",)).to_dict()["scores"]) == ["model"]


def test_nothing_is_held_out_for_a_test(train: Train) -> None:
    result = train(test_share=0.0, max_epochs=0.2)
    assert "test" not in result.report
    with pytest.raises(InputError, match=r"^no steps were held out for this model"):
        throughtime.load(BEST).evaluate()


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        (held_letters(2), {"cell": "none"}, "there is no cell named 'none'"),
        (
            held_letters(2),
            {"target_column": "label"},
            "no column 'label'; choose with --target-column from 0 'letter'",
        ),
        ("x,tag\n1,\n2,\n", {}, "the target 'tag' is empty in all rows; name another with --target-column"),
        ("x,tag\n1,u\n2\n", {}, "a.csv:3: 1 column; expected 2, as in the first row"),
        (held_letters(2), {"target": "numbers"}, "which is not a number; use --target labels"),
        (held_letters(), {"embedding_size": 0}, "embedding_size is 0; expected at least 1"),
        (
            held_letters(),
            {"best_by": "rmse"},
            "best_by is rmse; use a validation metric of the task: loss, accuracy",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused_in_a_sentence(
    content: str, settings: dict[str, Any], message: str, train: Train
) -> None:
    name = write("a.tsv" if "\t" in content else "a.csv", content)
    with pytest.raises(InputError) as caught:
        train(corpus=(name,), **settings)
    assert message in str(caught.value) and "\n" not in str(caught.value)
