"""`throughtime words embed`."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from throughtime.cli.main import main
from throughtime.words.embed.exchange import load_vectors

SMALL = ["--size", "8", "--epochs", "5", "--min-count", "1", "--window", "2", "--threads", "1"]


def write_sentences(path: Path) -> None:
    """Of two subjects, whose words never stand together."""
    draw, subjects = (
        np.random.default_rng(0),
        (["cat", "dog", "cow", "pig"], ["red", "blue", "green", "black"]),
    )
    lines = [" ".join(draw.choice(subjects[k % 2], 6)) for k in range(600)]
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("embed")
    write_sentences(place / "corpus.txt")
    learned = place / "run" / "best.safetensors"
    with pytest.raises(SystemExit) as left:
        main(
            [
                "words",
                "embed",
                "train",
                "--corpus",
                str(place / "corpus.txt"),
                "--folder",
                str(place / "run"),
                *SMALL,
            ]
        )
    assert not left.value.code
    return learned


def test_training_tells_neighbours_and_what_to_type_next(run: Callable[..., Any]) -> None:
    write_sentences(Path("some corpus.txt"))
    done = run("words", "embed", "train", "--corpus", "some corpus.txt", *SMALL)
    assert "600 documents (files: 1 in utf-8); skipped: 0 bad rows, 0 blank rows\n" in done.out
    assert "8 have vectors of 8" in done.out
    assert "throughtime words embed evaluate runs/some-corpus-vectors/best.safetensors\n" in done.out
    assert {path.name for path in Path("runs/some-corpus-vectors").iterdir()} == {
        *("best.safetensors", "settings.json", "report.json", "run.lock"),
    }


def test_what_is_printed_can_be_typed(run: Callable[..., Any]) -> None:
    Path("c.txt").write_text("l'été l'été l'hiver l'été l'hiver l'automne\n" * 20)
    done = run("words", "embed", "train", "--corpus", "c.txt", "--folder", "my vectors", *SMALL)
    (line,) = (line for line in done.out.splitlines() if "embed nearest" in line)
    program, *arguments = shlex.split(line)
    assert (program, arguments[-2:]) == ("throughtime", ["my vectors/best.safetensors", "l'été"])
    assert "l'hiver" in run(*arguments).out


def test_vectors_that_are_there_are_not_written_over_unasked(
    run: Callable[..., Any], refused: Callable[..., str]
) -> None:
    write_sentences(Path("c.txt"))
    place = Path("runs/c-vectors/best.safetensors")
    command = ["words", "embed", "train", "--corpus", "c.txt", *SMALL]
    run(*command)
    before = place.read_bytes()
    assert refused(*command, "--seed", "3") == (
        "runs/c-vectors holds a run already; `throughtime words embed resume runs/c-vectors` goes on with "
        "it, "
        "--overwrite begins anew, --folder takes another place"
    )
    assert place.read_bytes() == before
    assert run(*command, "--seed", "3", "--overwrite").code == 0
    assert place.read_bytes() != before


def test_tables_are_learned_from_as_classification_reads_them(run: Callable[..., Any]) -> None:
    row = "Ça; l'été, près de là: où l'élève rêvait d'être à Nîmes\tham\n"
    Path("t.tsv").write_bytes(("v2\tv1\n" + row * 30 + "one too few\n").encode("latin-1"))
    command = ["words", "embed", "train", "--corpus", "t.tsv", "--text-column", "v2", *SMALL]
    done = run(*command, "--on-bad", "skip")
    assert done.code == 0
    assert "30 documents (files: 1 in cp1252); skipped: 1 bad rows, 0 blank rows\n" in done.out
    assert "t.tsv: a header; text in column 0, no label\n" in done.out
    assert "t.tsv:32: 1 column; expected 2, as in the first row\n" in done.out
    words = load_vectors("runs/t-vectors/best.safetensors").words
    assert "nîmes" in words and "ham" not in words and "v1" not in words


def test_neighbours_analogies_and_the_odd_one(run: Callable[..., Any], vectors: Path) -> None:
    row = run("words", "embed", "nearest", vectors, "cat", "--count", "3").out
    assert all(animal in row for animal in ("dog", "cow", "pig")) and "red" not in row
    assert run("words", "embed", "odd", vectors, "cat", "dog", "red", "pig").out == "red\n"
    told = run("words", "embed", "analogy", vectors, "cat", "dog", "red", "--count", "1").out.splitlines()
    assert told[0] == "cat is to dog as red is to:" and len(told) == 2


def test_vectors_are_judged(run: Callable[..., Any], vectors: Path) -> None:
    Path("q.txt").write_text(": animals\ncat dog cow pig\ncat dog unicorn pig\n")
    Path("pairs.tsv").write_text("cat\tdog\t9\ncat\tred\t1\nred\tblue\t8\npig\tgreen\t2\ncat\tunicorn\t5\n")
    files = ["--analogies", "q.txt", "--similarities", "pairs.tsv", "--report", "r.json"]
    told = run("words", "embed", "evaluate", vectors, *files).out
    assert "animals" in told and "50.0%" in told and "80.0%" in told
    report = json.loads(Path("r.json").read_text())
    assert report["similarities"][0]["covered"] == 4
    assert report["similarities"][0]["of_covered"] > 0.7


def test_files_of_one_name_are_each_judged(run: Callable[..., Any], vectors: Path) -> None:
    files = ("a/p.tsv", "b/p.tsv", "c.tsv")
    for score, name in enumerate(files):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(f"cat\tdog\t9\ncat\tred\t{score}\n")
    Path("q.txt").write_text("cat dog cow pig\n")
    run(
        *("words", "embed", "evaluate", vectors, "--analogies", "q.txt"),
        "--similarities",
        *files,
        "--report",
        "r",
    )
    names = [one["name"] for one in json.loads(Path("r").read_text())["similarities"]]
    assert names == [str(Path("a/p.tsv")), str(Path("b/p.tsv")), "c"]


def test_a_map_is_drawn(run: Callable[..., Any], vectors: Path) -> None:
    done = run("words", "embed", "map", vectors, "--picture", "map", "--words", "cat", "red", "--size", "4")
    assert done.out.split() == ["map.png", "map.svg"]
    assert Path("map.png").stat().st_size > 5000 and "<svg" in Path("map.svg").read_text()


@pytest.mark.parametrize("form", ["text", "binary", "model"])
def test_other_forms_are_written_and_read(run: Callable[..., Any], vectors: Path, form: str) -> None:
    assert run("words", "embed", "export", vectors, "out", "--format", form).out == (
        "out: 8 words with vectors of 8\n"
    )
    assert (
        run("words", "embed", "nearest", "out", "cat").out
        == run("words", "embed", "nearest", vectors, "cat").out
    )


def test_subwords_that_stay_behind_are_told_of(run: Callable[..., Any]) -> None:
    write_sentences(Path("c.txt"))
    subwords = ["--subwords", "--buckets", "50", "--folder", "v"]
    run("words", "embed", "train", "--corpus", "c.txt", *SMALL, *subwords)
    told = "text holds no parts of words: words never seen have no vector there; model keeps them\n"
    assert (
        run("words", "embed", "export", "v/best.safetensors", "out").out
        == f"out: 8 words with vectors of 8\n{told}"
    )
    assert told not in run("words", "embed", "export", "v/best.safetensors", "out", "--format", "model").out


def test_a_false_start_leaves_nothing(run: Callable[..., Any], refused: Callable[..., str]) -> None:
    Path("c.txt").write_text("alone\n")
    for corpus in ("none.txt", "c.txt"):
        refused("words", "embed", "train", "--corpus", corpus, "--folder", "new", *SMALL)
    assert [path.name for path in Path().iterdir()] == ["c.txt"]
    assert "cannot hold the run" in refused(
        "words", "embed", "train", "--corpus", "c.txt", "--folder", "c.txt/v", *SMALL
    )


def test_vectors_of_one_number_make_no_map(refused: Callable[..., str]) -> None:
    Path("v").write_text("a 1\nb 2\nc 3\n")
    for method in ("pca", "tsne"):
        assert refused("words", "embed", "map", "v", "--picture", "m", "--method", method) == (
            "v has vectors of 1 number; a map needs 2 or more"
        )


def test_help_is_made_of_whole_clauses(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    for command in ("train", "nearest", "analogy", "map", "export", "evaluate"):
        told = run("words", "embed", command, "--help").out
        assert not re.search(r"  (Of|As|The same|0 for) [^.]*\.? *(\[|│|$)", told, re.MULTILINE)
    assert "Number of neighbours of each word." in run("words", "embed", "nearest", "--help").out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["train", "--corpus", "none.txt"], "none.txt does not exist"),
        (
            ["train", "--encoding", "cp1252"],
            "it is said how files are to be read, but none is given; expected --corpus",
        ),
        (["nearest", "none", "cat"], "none does not exist; expected a file of word vectors"),
        (["train", "--size", "0"], "size is 0; expected at least 1"),
    ],
)
def test_what_cannot_be_done(refused: Callable[..., str], arguments: list[str], told: str) -> None:
    assert refused("words", "embed", *arguments) == told


def test_a_word_that_is_not_known(refused: Callable[..., str], vectors: Path) -> None:
    assert (
        refused("words", "embed", "nearest", vectors, "cats") == "'cats' has no vector; spelled alike: 'cat'"
    )
    assert refused("words", "embed", "nearest", vectors) == "no word was given; expected one or more"
    for asked in (["nearest", vectors, "cat"], ["analogy", vectors, "cat", "dog", "red"]):
        assert refused("words", "embed", *asked, "--count", "0") == "count is 0; expected at least 1"


def test_a_run_that_was_killed_is_resumed(
    start: Callable[..., subprocess.Popen[bytes]], run: Callable[..., Any]
) -> None:
    write_sentences(Path("c.txt"))
    endless = ["--epochs", "1000000", *(SMALL[:2] + SMALL[4:])]
    process = start("words", "embed", "train", "--corpus", "c.txt", "--folder", "r", *endless)
    while not Path("r/settings.json").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.communicate()
    told = run("runs", ".").out
    assert "stopped" in told and "throughtime words embed resume r" in told
    settings = json.loads(Path("r/settings.json").read_text())
    settings["embed"]["epochs"] = 5
    Path("r/settings.json").write_text(json.dumps(settings))
    assert run("words", "embed", "resume", "r").code == 0
    run("words", "embed", "train", "--corpus", "c.txt", "--folder", "whole", *SMALL)
    resumed, whole = (load_vectors(f"{name}/best.safetensors") for name in ("r", "whole"))
    assert (resumed.matrix == whole.matrix).all()


def test_run_prints_the_nearest_words_of_each_line(
    run: Callable[..., Any], vectors: Path, standard_input: Callable[[bytes], None]
) -> None:
    standard_input(b"cat\nred\n")
    rows = [
        line.split("\t") for line in run("words", "embed", "run", vectors, "--count", "3").out.splitlines()
    ]
    assert [row[0] for row in rows] == ["cat", "red"] and all(len(row) == 4 for row in rows)
    assert {word.split()[0] for word in rows[0][1:]} == {"dog", "cow", "pig"}
