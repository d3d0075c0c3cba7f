"""`throughtime words classify`."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from throughtime.artefact.file import load
from throughtime.cli.main import main

SMALL = [
    *("--embedding-size", "8", "--hidden-size", "6", "--max-epochs", "6", "--learning-rate", "0.02"),
    *("--dropout", "0", "--word-dropout", "0", "--codewords", "4", "--vector-size", "6"),
    *("--vector-epochs", "2"),
]
METHODS = ("bag", "tfidf", "codebook", "vectors", "lstm", "gru")


def write_texts(path: Path, count: int, seed: int) -> None:
    """Rows of label and text, of which one word tells the label."""
    draw, lines = np.random.default_rng(seed), []
    for number in range(count):
        label = draw.integers(2)
        others = draw.choice(["the", "film", "was", "story", "it"], 5)
        words = [f"n{seed}{number}", *others, ("awful", "lovely")[label]]
        lines.append(f"{('bad', 'good')[label]}\t{' '.join(draw.permutation(words))}\n")
    path.write_text("".join(lines))


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with texts, and models of all methods that learned from them."""
    place = tmp_path_factory.mktemp("learned")
    write_texts(place / "train.tsv", 150, 0)
    write_texts(place / "test.tsv", 60, 1)
    corpus = ["--corpus", str(place / "train.tsv"), "--test", str(place / "test.tsv")]
    with pytest.raises(SystemExit) as left:
        main(["words", "classify", "train", *corpus, "--folder", str(place / "run"), *SMALL])
    assert not left.value.code
    return place


def test_every_method_is_learned_and_judged(learned: Path) -> None:
    report = json.loads((learned / "run" / "report.json").read_text())
    assert sorted(one["method"] for one in report["methods"]) == sorted(METHODS)
    for one in report["methods"]:
        assert one["accuracy"]["value"] > (0.6 if one["method"] in ("codebook", "vectors") else 0.95)
        assert sum(map(sum, one["confusion"])) == 60
    assert report["settings"]["training"]["max_epochs"] == 6


@pytest.mark.parametrize("method", METHODS)
def test_a_model_classifies_texts(
    learned: Path, method: str, run: Callable[..., Any], standard_input: Callable[[bytes], None]
) -> None:
    model = learned / "run" / method / "best.safetensors"
    standard_input(b"a lovely film\n\nawful\n")
    rows = [line.split("\t") for line in run("words", "classify", "run", model).out.splitlines()]
    assert [row[2] for row in rows] == ["a lovely film", "", "awful"]
    assert all(0.5 <= float(row[1]) <= 1 for row in rows)
    if method in ("bag", "tfidf", "lstm", "gru"):
        assert [rows[0][0], rows[2][0]] == ["good", "bad"]


def test_the_deciding_words_are_shown(learned: Path, run: Callable[..., Any]) -> None:
    done = run(
        "words", "classify", "run", learned / "run" / "bag" / "best.safetensors", "a lovely film", "--explain"
    )
    said, text, weights = done.out.splitlines()
    assert said.startswith("good\t") and text.strip() == "a lovely film"
    assert weights.startswith("lovely +0.")


def test_a_model_is_judged_on_other_texts(learned: Path, run: Callable[..., Any]) -> None:
    model = learned / "run" / "tfidf" / "best.safetensors"
    more = ["--picture", "seen", "--report", "seen.json"]
    done = run("words", "classify", "evaluate", model, "--corpus", learned / "test.tsv", *more)
    assert "60 texts; accuracy 100.00 (94.0 to 100.0) %" in done.out
    assert json.loads(Path("seen.json").read_text())["confusion"][0][1] == 0
    assert Path("seen.png").exists() and Path("seen.svg").exists()


def test_folds_judge_every_text_once(learned: Path, run: Callable[..., Any]) -> None:
    corpus = ["--corpus", learned / "train.tsv", "--methods", "tfidf", "--folder", "folded", "--folds", "3"]
    done = run("words", "classify", "train", *corpus)
    assert "150 texts judged" in done.out
    assert "tfidf: fold 3 of 3, learning from 100 texts\n" in done.out
    assert "tfidf: learning from all 150 texts\n" in done.out
    assert Path("folded/tfidf/best.safetensors").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--corpus", "none.tsv"], "none.tsv does not exist"),
        (
            ["--corpus", "a.tsv", "--methods", "bag", "bag"],
            "method bag is given twice; expected different methods",
        ),
        (
            ["--corpus", "a.tsv", "--methods", "tree"],
            "method 'tree' is none of bag, tfidf, codebook, vectors, nor a recurrence: there is no cell "
            "named 'tree'; the cells are elman, elman_relu, linear, indrnn, lstm, projected_lstm, "
            "peephole_lstm, coupled_lstm, layer_norm_lstm, slstm, gru, gru_reset_before, mgu, "
            "and my_module:MyCell for a cell of your own",
        ),
        (["--corpus", "a.tsv", "--folds", "1"], "folds is 1; expected 2 or more, or 0 for none"),
        (
            ["--corpus", "a.tsv", "--folds", "2", "--test", "a.tsv"],
            "test and folds are both given; expected one way to judge",
        ),
        (["--corpus", "a.tsv"], "all 2 texts have the label x; expected two labels or more"),
        (["--corpus", "b.tsv"], "different texts with label 'y': 1; expected 3 or more"),
        (["--corpus", "b.tsv", "--seed", "5000000000"], "seed is 5000000000; expected below 2**32"),
        (
            ["--corpus", "b.tsv", "--freeze", "--first-vectors", "chance"],
            "freeze would leave the word vectors as drawn; expected first_vectors word2vec",
        ),
        (
            ["--corpus", "b.tsv", "--vectors", "v.txt", "--first-vectors", "chance"],
            "vectors are given, but first_vectors is chance; expected one of the two",
        ),
        (
            ["--corpus", "b.tsv", "--vectors", "v.txt", "--methods", "bag", "tfidf"],
            "vectors are given, but bag and tfidf have no use for them",
        ),
    ],
)
def test_what_cannot_be_learned_from(refused: Callable[..., str], arguments: list[str], told: str) -> None:
    Path("a.tsv").write_text("x\tone text\nx\tanother text\n")
    Path("b.tsv").write_text("".join(f"x\ttext {k}\n" for k in range(9)) + "y\tone text\n" * 2)
    Path("v.txt").write_text("text 1 2\n")
    assert refused("words", "classify", "train", *arguments) == told


def test_what_is_held_out_can_be_judged_again(run: Callable[..., Any]) -> None:
    rows = "".join(f"{'spam' if k % 3 else '[/]'}\t{k} {'win' if k % 3 else 'hello'}\n" for k in range(60))
    Path("t.tsv").write_text(rows + "spam\t1  win\n")
    done = run("words", "classify", "train", "--corpus", "t.tsv", "--methods", "bag", "tfidf", "--seed", "7")
    assert "61 texts ([/] 20, spam 41); 1 repeat another, and stay with it; learning from 49, " in done.out
    folder = Path("runs/t-classify")
    assert {path.name for path in folder.iterdir()} == {
        *("bag", "tfidf", "data", "settings.json", "report.json", "run.lock"),
    }
    assert {path.name for path in (folder / "bag").iterdir()} == {
        *("best.safetensors", "settings.json", "report.json", "test.jsonl"),
        *("confusion.png", "confusion.svg"),
    }
    again = run(*shlex.split(done.out.splitlines()[-1])[1:]).out
    assert "12 texts; accuracy 100.00" in again
    about = load(folder / "bag" / "best.safetensors").config["about"]
    assert (about["corpus"], about["learned_from"]) == ({"files": ["t.tsv"]}, 49)


def test_a_comparison_is_not_written_over(learned: Path, refused: Callable[..., str]) -> None:
    folder = learned / "run"
    told = refused("words", "classify", "train", "--corpus", learned / "train.tsv", "--folder", folder)
    ways = "--overwrite begins anew, --folder takes another place"
    assert told == (
        f"{folder} holds a run already; `throughtime words classify resume {folder}` goes on with it, {ways}"
    )


def test_overwriting_takes_the_old_models_away(learned: Path, run: Callable[..., Any]) -> None:
    command = ["words", "classify", "train", "--corpus", learned / "train.tsv", "--folder", "r"]
    run(*command, "--methods", "bag", "tfidf", "vectors", *SMALL)
    Path("r/vectors/mine.txt").write_text("mine")
    done = run(*command, "--methods", "bag", "tfidf", *SMALL, "--overwrite")
    assert done.code == 0
    assert [path.name for path in Path("r/vectors").iterdir()] == ["mine.txt"]
    assert Path("r/bag/best.safetensors").exists()


def test_a_run_of_one_method_is_that_method_s(learned: Path, run: Callable[..., Any]) -> None:
    done = run(
        *("words", "classify", "train", "--corpus", learned / "train.tsv"),
        *("--methods", "gru", "--folder", "alone", *SMALL),
    )
    assert "majority label: accuracy" in done.out
    names = {path.name for path in Path("alone").iterdir()}
    assert names >= {"best.safetensors", "checkpoint.safetensors", "curves.png", "report.json"}
    assert "alone/best.safetensors" in done.out.splitlines()[-1]
    settings = run("words", "classify", "train", "--settings", "alone/settings.json", "--folder", "again")
    assert settings.code == 0
    same = [load(Path(name) / "best.safetensors") for name in ("alone", "again")]
    assert same[0].tensors.keys() == same[1].tensors.keys()
    assert all((same[0].tensors[name] == value).all() for name, value in same[1].tensors.items())


def test_settings_of_another_application_are_refused(learned: Path, refused: Callable[..., str]) -> None:
    told = refused("seq2seq", "train", "--settings", learned / "run" / "settings.json")
    assert told.startswith(f"{learned / 'run' / 'settings.json'} holds settings of `words classify`")


def test_what_was_learned_is_shown_where_a_method_fails(
    learned: Path, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    corpus = ["--corpus", str(learned / "train.tsv"), "--folder", "part", "--min-documents", "400"]
    drawn = ["--first-vectors", "chance"]
    out, error = start(
        "words", "classify", "train", *corpus, "--methods", "gru", "bag", *drawn, *SMALL
    ).communicate()
    assert b"gru is right in" in out and error.startswith(b"throughtime: ")
    assert Path("part/gru/report.json").exists() and not Path("part/bag/best.safetensors").exists()


def test_texts_to_judge_by_that_are_learned_from_are_counted(learned: Path, run: Callable[..., Any]) -> None:
    corpus = learned / "train.tsv"
    done = run("words", "classify", "train", "--corpus", corpus, "--test", corpus, "--methods", "bag")
    assert "150 test texts are learned from too: scores are flattered" in done.out


def test_a_whole_document_is_one_text(learned: Path, run: Callable[..., Any]) -> None:
    Path("review.txt").write_text("the film\nwas lovely\n")
    model = learned / "run" / "bag" / "best.safetensors"
    (line,) = run("words", "classify", "run", model, "--file", "review.txt", "--whole").out.splitlines()
    assert line.startswith("good\t") and line.endswith("\tthe film was lovely")


def test_vectors_tell_their_coverage(learned: Path, run: Callable[..., Any]) -> None:
    Path("v.txt").write_text("lovely 1 0\nawful 0 1\nnever 1 1\n")
    given = ["--corpus", learned / "train.tsv", "--vectors", "v.txt", "--methods", "vectors"]
    assert "2 of 157 different words have a vector (1%)" in run("words", "classify", "train", *given).out


def test_ctrl_c_stops_the_comparison_and_resume_goes_on(
    learned: Path, start: Callable[..., subprocess.Popen[bytes]], run: Callable[..., Any]
) -> None:
    small = [
        option if option != "6" or SMALL[k - 1] != "--max-epochs" else "25" for k, option in enumerate(SMALL)
    ]
    corpus = ["--corpus", str(learned / "train.tsv"), "--methods", "tfidf", "gru", "lstm", *small]
    given = [*corpus, "--patience", "0", "--folder"]
    process = start("words", "classify", "train", *given, "stopped")
    while not Path("stopped/gru/metrics.jsonl").exists() or not Path("stopped/gru/metrics.jsonl").read_text():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=300)
    assert b"throughtime words classify resume stopped" in out and not Path("stopped/lstm").exists()
    assert "throughtime words classify resume stopped" in run("runs", ".").out
    learned_once = Path("stopped/tfidf/best.safetensors").stat().st_mtime_ns
    assert "3 of 3: lstm" in run("words", "classify", "resume", "stopped").out
    assert Path("stopped/tfidf/best.safetensors").stat().st_mtime_ns == learned_once
    run("words", "classify", "train", *given, "whole")
    for name in ("gru/best", "gru/last", "lstm/best"):
        stopped, whole = (load(Path(place) / f"{name}.safetensors") for place in ("stopped", "whole"))
        assert all((stopped.tensors[key] == value).all() for key, value in whole.tensors.items())
        assert stopped.config["temperature"] == whole.config["temperature"]


def test_a_recurrence_leaves_its_metrics(learned: Path) -> None:
    lines = (learned / "run" / "gru" / "metrics.jsonl").read_text().splitlines()
    assert sum(json.loads(line)["event"] == "validation" for line in lines) == 6


def test_codewords_are_told_by_their_words(
    learned: Path, run: Callable[..., Any], refused: Callable[..., str]
) -> None:
    told = run(
        "words", "classify", "codewords", learned / "run" / "codebook" / "best.safetensors", "--count", "2"
    ).out
    assert len([line for line in told.splitlines() if " good " in line or " bad " in line]) == 4
    assert "lovely" in told or "awful" in told
    model = learned / "run" / "bag" / "best.safetensors"
    assert refused("words", "classify", "codewords", model) == (
        f"{model} has no codebook; expected a model of the method codebook"
    )


def test_a_label_that_the_model_does_not_know(learned: Path, refused: Callable[..., str]) -> None:
    Path("other.tsv").write_text("ugly\tone text\nbad\tanother text\n")
    model = learned / "run" / "bag" / "best.safetensors"
    assert refused("words", "classify", "evaluate", model, "--corpus", "other.tsv") == (
        "the label 'ugly' is none of the model's; expected one of bad, good"
    )


def test_a_recurrence_begins_with_vectors_of_its_own_texts(learned: Path, run: Callable[..., Any]) -> None:
    config = load(learned / "run" / "gru" / "best.safetensors").config["network"]
    assert (config["first_vectors"], config["embedding_size"]) == ("word2vec", 6)
    drawn = ["--methods", "gru", "--first-vectors", "chance", "--folder", "drawn", *SMALL]
    run("words", "classify", "train", "--corpus", learned / "train.tsv", *drawn)
    assert load(Path("drawn/best.safetensors")).config["network"]["embedding_size"] == 8


def test_a_method_that_time_ended_is_not_offered(run: Callable[..., Any]) -> None:
    write_texts(Path("train.tsv"), 80, 0)
    corpus = ["--corpus", "train.tsv", "--folder", "run", *SMALL, "--methods", "gru", "--max-minutes", "1e-9"]
    done = run("words", "classify", "train", *corpus)
    assert done.code == 0 and "classify run" not in done.out
    assert re.search(r"Training is not done: the model has not learned( enough)?: it has seen 0\.", done.out)
    *_, advice = done.out.splitlines()
    assert re.fullmatch(r"  throughtime words classify resume run --max-minutes \d+", advice)
    training = json.loads(Path("run/report.json").read_text())["training"]
    assert training["shortfall"] in done.out
    again = run(*shlex.split(advice)[1:])
    assert "classify run" in again.out and "best.safetensors" in again.out
