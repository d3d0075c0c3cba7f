"""`throughtime seq2seq reproduce` and `rescore`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from throughtime.files.pairs import Pair
from throughtime.seq2seq.measure.likelihood import load_judge
from throughtime.seq2seq.measure.n_best import Listed, n_best_lines, read_n_best
from throughtime.seq2seq.presets import PRESETS

Run = Callable[..., Any]
LISTS = [[Listed("a b", -1.0), Listed("b a", -1.5)], [Listed("c", -2.0)]]


@pytest.fixture
def given(trained: Path) -> tuple[Path, Path, Path]:
    """A model, a list and the sources that it is of."""
    Path("list").write_text("\n".join(n_best_lines(LISTS)) + "\n")
    Path("sources").write_text("b a\nc\n")
    return trained / "best.safetensors", Path("list"), Path("sources")


def test_rescore_prints_the_list_in_its_new_order(run: Run, given: tuple[Path, Path, Path]) -> None:
    model, listed, sources = given
    done = run("seq2seq", "rescore", model, listed, "--sources", sources, "--weight", "0.25")
    assert (done.code, done.err) == (0, "")
    Path("again").write_text(done.out)
    found = read_n_best(Path("again"), 2)
    pairs = [Pair("b a", "a b"), Pair("b a", "b a"), Pair("c", "c")]
    judged = [one.log_probability for one in load_judge([model]).likelihoods(pairs)]
    scores = {pair.tgt: 0.25 * judged[k] for k, pair in enumerate(pairs)}
    for one in [one for ones in LISTS for one in ones]:
        scores[one.text] += 0.75 * one.score
    assert {one.text: pytest.approx(one.score, abs=1e-4) for ones in found for one in ones} == scores
    assert found[0] == sorted(found[0], key=lambda one: -one.score)


def test_rescore_writes_a_file(run: Run, given: tuple[Path, Path, Path]) -> None:
    model, listed, sources = given
    done = run("seq2seq", "rescore", model, listed, "--sources", sources, "--output", "out")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert [len(ones) for ones in read_n_best(Path("out"), 2)] == [2, 1]


def test_rescore_refuses_a_weight_out_of_range(run: Run, given: tuple[Path, Path, Path]) -> None:
    model, listed, sources = given
    done = run("seq2seq", "rescore", model, listed, "--sources", sources, "--weight", "1.5")
    assert (done.code, done.err) == (1, "throughtime: weight is 1.5; expected 0 to 1\n")


def test_reproduce_takes_the_settings_of_its_preset(run: Run) -> None:
    Path("c.tsv").write_text("".join(f"{k} a b\tb a {k}\n" for k in range(300)))
    options = ["--corpus", "c.tsv", "--test-size", "20", "--validation-size", "20", "--src-vocab-size", "60"]
    options += ["--embedding-size", "8", "--encoder-size", "8", "--decoder-size", "8", "--max-epochs", "0.05"]
    done = run("seq2seq", "reproduce", "sutskever2014", "--folder", "p", *options)
    assert (done.code, done.err) == (0, "")
    settings = json.loads(Path("p/reversed-3/settings.json").read_text())
    assert settings["training"]["learning_rate"] == PRESETS["multi30k"]["learning_rate"]
    assert settings["training"]["seed"] == 3
    assert "encoder_layers 1 (4)" in " ".join(done.out.split())
    assert "ensemble of 5 reversed" in done.out


def test_reproduce_says_what_it_can_do(run: Run) -> None:
    done = run("seq2seq", "reproduce", "attention-is-all-you-need")
    assert done.code == 2 and "sutskever2014" in done.out + done.err
