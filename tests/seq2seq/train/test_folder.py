"""The folder of a run: what is kept, replaced and left alone."""

from __future__ import annotations

import fcntl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from letter_runs import FOLDER, KEPT, MakeConfig, names, read_settings, resume_run, train_run, write_settings
from throughtime.application.lock import LOCK
from throughtime.errors import InputError
from throughtime.seq2seq.application import default_folder


def test_a_folder_that_holds_a_run_is_left_alone(make_config: MakeConfig, console: Console) -> None:
    train_run(make_config(max_epochs=0.2), FOLDER, False, console)
    before = {path: path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()}
    with pytest.raises(InputError) as caught:
        train_run(make_config(max_epochs=0.3), FOLDER, False, console)
    assert str(caught.value) == (
        "run holds a run already; `throughtime seq2seq resume run` goes on with it, "
        "--overwrite begins anew, --folder takes another place"
    )
    assert {path: path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()} == before


def test_a_run_under_way_is_left_alone(make_config: MakeConfig, console: Console) -> None:
    train_run(make_config(max_epochs=0.2), FOLDER, False, console)
    before = {path: path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()}
    with (FOLDER / LOCK).open("rb+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        for act in (
            lambda: train_run(make_config(max_epochs=0.3), FOLDER, True, console),
            lambda: resume_run(FOLDER, console),
        ):
            with pytest.raises(InputError, match=r"^run is in use by a run that has not ended; "):
                act()
    assert {path: path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()} == before


def test_overwrite_takes_away_the_old_run_and_nothing_else(make_config: MakeConfig, console: Console) -> None:
    train_run(
        make_config(max_epochs=0.5, keep_checkpoints=2, average_last=2, validate_every=0.2),
        FOLDER,
        False,
        console,
    )
    assert any(name.startswith("step-") for name in names())
    (FOLDER / "notes.txt").write_text("mine")
    (FOLDER / "other.safetensors").write_text("mine too")
    (FOLDER / "data" / "mine.tsv").write_text("a\tb")
    config = make_config(dict(test_size=0), max_epochs=0.2, seed=5)
    train_run(config, FOLDER, True, console)
    assert names() == KEPT | {"data", "report.json", "notes.txt", "other.safetensors", "snapshots"}
    assert list((FOLDER / "snapshots").iterdir()) == []
    assert (FOLDER / "data" / "mine.tsv").exists()
    assert read_settings(FOLDER / "settings.json") == config


def test_overwrite_that_cannot_begin_leaves_the_old_run(make_config: MakeConfig, console: Console) -> None:
    train_run(make_config(max_epochs=0.2), FOLDER, False, console)
    before = {name: (FOLDER / name).read_bytes() for name in KEPT}
    for bad in (dict(corpus=("missing.tsv",)), dict(src_vocab_size=4), dict(validation_size=9999)):
        with pytest.raises(InputError):
            train_run(make_config(bad), FOLDER, True, console)
    assert {name: (FOLDER / name).read_bytes() for name in KEPT} == before
    resume_run(FOLDER, console)


@pytest.mark.parametrize(
    ("data", "model", "told"),
    [
        (dict(corpus=("missing.tsv",)), {}, "missing.tsv does not exist"),
        (dict(src_vocab_size=4), {}, "src_vocab_size is 4; it must be at least 5"),
        (
            dict(validation_size=999),
            {},
            "236 pairs with 236 distinct sources cannot give 999 for validation ",
        ),
        (
            {},
            dict(cell="abacus"),
            "there is no cell named 'abacus'; the cells are elman, elman_relu, linear, ",
        ),
        ({}, dict(cell="projected_lstm"), "the cell ProjectedLSTM needs proj_size; "),
        ({}, dict(cell="gru", initialiser="forget_bias"), "GRU has no forget gate f to give a bias; "),
        (
            {},
            dict(attention="dot", bidirectional=False),
            "dot attention needs a decoder as wide as the encoder's output; got 24 and 12; ",
        ),
    ],
)
def test_a_false_start_leaves_nothing_behind(
    make_config: MakeConfig, console: Console, data: dict[str, Any], model: dict[str, Any], told: str
) -> None:
    config = make_config(data, model)
    with pytest.raises(InputError) as caught:
        train_run(config, Path("runs") / "new", False, console)
    assert str(caught.value).startswith(told)
    assert [str(path) for path in Path().rglob("*")] in (["c.tsv"], ["c.tsv", "runs"], ["runs", "c.tsv"])


def test_ctrl_c_before_training_leaves_nothing_behind(
    make_config: MakeConfig, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("throughtime.seq2seq.data.prepare.train_words", stopped)
    with pytest.raises(KeyboardInterrupt):
        train_run(make_config(), FOLDER, False, console)
    assert not FOLDER.exists()


def test_a_false_start_leaves_what_was_there(make_config: MakeConfig, console: Console) -> None:
    mine = [FOLDER / "data" / "train" / "mine.txt", FOLDER / "mine.txt"]
    mine[0].parent.mkdir(parents=True)
    for path in mine:
        path.write_text("mine")
    with pytest.raises(InputError):
        train_run(make_config(dict(src_vocab_size=2)), FOLDER, False, console)
    assert sorted(path for path in FOLDER.rglob("*") if path.is_file()) == mine


def test_a_file_is_no_folder(make_config: MakeConfig, console: Console) -> None:
    Path("run").write_text("mine")
    with pytest.raises(InputError, match=r"^run cannot hold the run: File exists; expected a folder$"):
        train_run(make_config(), FOLDER, False, console)
    with pytest.raises(InputError, match=r"^run/x cannot hold the run: Not a directory; expected a folder$"):
        train_run(make_config(), FOLDER / "x", False, console)
    assert Path("run").read_text() == "mine"


@pytest.mark.parametrize(
    ("corpus", "folder"),
    [
        ((), "runs/phrasebook"),
        (("train.en", "train.fr"), "runs/train"),
        (("../data/eng-fra.tsv.gz",), "runs/eng-fra"),
        (("hf:Helsinki-NLP/opus_books:en-fr:train",), "runs/opus_books-en-fr-train"),
        ((".hidden.tsv",), "runs/hidden"),
        (("a b$c.jsonl",), "runs/a-b-c"),
    ],
)
def test_default_folder_is_named_for_the_corpus(corpus: tuple[str, ...], folder: str) -> None:
    assert default_folder(corpus) == Path(folder)


def test_a_disk_that_fills_up_leaves_the_last_good_files(
    make_config: MakeConfig, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_run(make_config(max_epochs=0.3), FOLDER, False, console)
    before = {name: (FOLDER / name).read_bytes() for name in ("best.safetensors", "last.safetensors")}
    config = make_config(max_epochs=0.3)
    write_settings(replace(config, training=replace(config.training, max_epochs=2.0)), FOLDER)
    write_bytes = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        write_bytes(self, data[:50])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(
        InputError, match=r"cannot be written: No space left on device; [\d,]+ MiB are free there"
    ):
        resume_run(FOLDER, console)
    assert {name: (FOLDER / name).read_bytes() for name in before} == before
    assert not [name for name in names() if name.endswith(".part")]
