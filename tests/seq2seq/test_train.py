from __future__ import annotations

import io
import json
import os
import random
import re
import shlex
import signal
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from throughtime.artefact.file import load
from throughtime.cli.main import main
from throughtime.errors import InputError
from throughtime.seq2seq.config import DataConfig, ModelConfig, TrainConfig, TrainingConfig
from throughtime.seq2seq.model_file import load_model
from throughtime.seq2seq.readers import Pair, read_pairs
from throughtime.seq2seq.task import TranslationTask
from throughtime.seq2seq.train import default_folder, read_settings, resume_run, train_run
from throughtime.training.task import Loss

MakeConfig = Callable[..., TrainConfig]
FOLDER = Path("run")
KEPT = {"best.safetensors", "last.safetensors", "checkpoint.safetensors", "metrics.jsonl", "settings.json"}


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def ctrl_c() -> Iterator[None]:
    """Ctrl-C as at a terminal, also where the tests run in the background and ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def console() -> Console:
    """No terminal, 80 columns; `console.file.getvalue()` is what was printed."""
    return Console(file=io.StringIO(), force_terminal=False, width=80)


@pytest.fixture
def make_config() -> MakeConfig:
    """Letters beside themselves backwards, in c.tsv, and a network that learns some of it in a second."""

    def make(
        data: dict[str, Any] | None = None, model: dict[str, Any] | None = None, **training: Any
    ) -> TrainConfig:
        write_letters(Path("c.tsv"))
        corpus = dict(
            corpus=("c.tsv",), validation_size=20, test_size=12, tokenizer="words", src_vocab_size=12
        )
        network = dict(embedding_size=16, encoder_size=12, decoder_size=24, dropout=0.1)
        pace = dict(learning_rate=0.02, max_epochs=2, log_every=2)
        return TrainConfig(
            DataConfig(**{**corpus, "tokens_per_batch": 150, **(data or {})}),
            ModelConfig(**{**network, **(model or {})}),
            TrainingConfig(**{**pace, **training}),
        )

    return make


def write_letters(path: Path, number: int = 240, seed: int = 0) -> None:
    draw = random.Random(seed)
    lines = [draw.choices("abcdefgh", k=draw.randint(3, 5)) for _ in range(number)]
    path.write_text("".join(f"{' '.join(line)}\t{' '.join(reversed(line))}\n" for line in lines))


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def names(folder: Path = FOLDER) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_run_from_corpus_to_report(
    make_config: MakeConfig, console: Console, capsys: pytest.CaptureFixture[str]
) -> None:
    config = make_config()
    train_run(config, FOLDER, False, console)
    assert names() == KEPT | {"data", "report.json", "test.tsv"}
    assert read_settings(FOLDER / "settings.json") == config

    report = json.loads((FOLDER / "report.json").read_text())
    assert report["settings"] == json.loads(json.dumps(asdict(config)))
    assert (report["training"]["stopped"], report["training"]["epochs"]) == ("epochs", 2)
    assert report["training"]["model"] == "run/best.safetensors"
    assert report["test"]["sentences"] == 12
    assert 0 < report["test"]["chrf"]["value"] <= 100

    events = [json.loads(line) for line in (FOLDER / "metrics.jsonl").read_text().splitlines()]
    validations = [event for event in events if event["event"] == "validation"]
    assert [event["epoch"] for event in validations] == [1, 2]
    best = min(validations, key=lambda event: event["loss"])
    assert report["training"]["best_step"] == best["step"]
    assert report["training"]["best_metrics"] == {key: best[key] for key in ("loss", "perplexity", "bleu")}
    assert validations[-1]["loss"] < validations[0]["loss"]

    held_out = list(read_pairs(["run/test.tsv"]))
    assert len(held_out) == 12
    assert all(pair.tgt == pair.src[::-1] for pair in held_out)

    text = printed(console)
    assert "corpus: " in text
    assert "model: " in text
    assert "Test: 12 sentences" in text
    assert "training ended after 2.0 epochs" in text
    commands = [line.strip() for line in text.split("Next:")[1].splitlines() if line.strip()]
    assert commands == [
        'throughtime seq2seq run run/best.safetensors "How are you?"',
        "throughtime seq2seq evaluate run/best.safetensors --corpus run/test.tsv",
    ]
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "throughtime"
        with pytest.raises(SystemExit) as left:
            main([*arguments, *(["--report", "again.json"] if "evaluate" in arguments else [])])
        assert left.value.code in (None, 0)
    assert capsys.readouterr().out.count("\n") > 5
    again = json.loads(Path("again.json").read_text())
    assert again["bleu"] == report["test"]["bleu"]
    assert again["chrf"] == report["test"]["chrf"]


def test_model_file_tells_how_it_was_trained(make_config: MakeConfig, console: Console) -> None:
    config = make_config(max_epochs=0.3)
    train_run(config, FOLDER, False, console)
    trained = load_model(FOLDER / "best.safetensors")
    assert trained.model.config == config.model
    assert trained.training["data"]["corpus"] == ["c.tsv"]
    assert trained.training["training"]["learning_rate"] == 0.02


def test_a_run_is_repeated_by_its_seed(make_config: MakeConfig, console: Console) -> None:
    for folder, seed in (("one", 1), ("two", 1), ("three", 2)):
        train_run(make_config(dict(test_size=0), max_epochs=0.5, seed=seed), Path(folder), False, console)
    one, two, three = (load(Path(folder) / "last.safetensors").tensors for folder in ("one", "two", "three"))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not torch.equal(one["output.bias"], three["output.bias"])


def test_without_a_test_set_nothing_is_said_of_one(make_config: MakeConfig, console: Console) -> None:
    train_run(make_config(dict(test_size=0), max_epochs=0.2), FOLDER, False, console)
    assert names() == KEPT | {"data", "report.json"}
    assert "test" not in json.loads((FOLDER / "report.json").read_text())
    assert "evaluate" not in printed(console)
    assert printed(console).endswith('Next:\n  throughtime seq2seq run run/best.safetensors "How are you?"\n')


def test_next_commands_fit_folder_and_language(make_config: MakeConfig, console: Console) -> None:
    folder = Path("a run [/b] 'x'")
    train_run(make_config(dict(tgt_language="de"), max_epochs=0.2), folder, False, console)
    *_, run, evaluate = printed(console).splitlines()
    model, test = str(folder / "best.safetensors"), str(folder / "test.tsv")
    assert shlex.split(run) == ["throughtime", "seq2seq", "run", model, "How are you?"]
    assert shlex.split(evaluate) == [
        *("throughtime", "seq2seq", "evaluate", model, "--corpus", test, "--language", "de")
    ]


def test_sentences_that_look_like_markup_are_shown_as_they_are(
    make_config: MakeConfig, console: Console
) -> None:
    Path("t.tsv").write_text("a [/b] c\tc [bold] a\n[red]d e\t[link=x]e d\na b\tb a\n")
    train_run(make_config(dict(test=("t.tsv",), test_size=0), max_epochs=0.2), FOLDER, False, console)
    text = printed(console)
    assert all(part in text for part in ("a [/b] c", "c [bold] a", "[red]d e", "[link=x]e d"))


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
    for bad in (dict(corpus=("missing.tsv",)), dict(src_vocab_size=999), dict(validation_size=9999)):
        with pytest.raises(InputError):
            train_run(make_config(bad), FOLDER, True, console)
    assert {name: (FOLDER / name).read_bytes() for name in KEPT} == before
    resume_run(FOLDER, console)


@pytest.mark.parametrize(
    ("data", "model", "told"),
    [
        (dict(corpus=("missing.tsv",)), {}, "missing.tsv does not exist."),
        (dict(src_vocab_size=999), {}, "src_vocab_size is 999; the training text allows at most 12."),
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

    monkeypatch.setattr("throughtime.seq2seq.prepare.train_words", stopped)
    with pytest.raises(KeyboardInterrupt):
        train_run(make_config(), FOLDER, False, console)
    assert not FOLDER.exists()


def test_a_false_start_leaves_what_was_there(make_config: MakeConfig, console: Console) -> None:
    mine = [FOLDER / "data" / "train" / "mine.txt", FOLDER / "mine.txt"]
    mine[0].parent.mkdir(parents=True)
    for path in mine:
        path.write_text("mine")
    with pytest.raises(InputError):
        train_run(make_config(dict(src_vocab_size=999)), FOLDER, False, console)
    assert sorted(path for path in FOLDER.rglob("*") if path.is_file()) == mine


def test_a_file_is_no_folder(make_config: MakeConfig, console: Console) -> None:
    Path("run").write_text("mine")
    with pytest.raises(InputError, match=r"^run cannot hold the run: File exists; expected a folder$"):
        train_run(make_config(), FOLDER, False, console)
    with pytest.raises(InputError, match=r"^run/x cannot hold the run: Not a directory; expected a folder$"):
        train_run(make_config(), FOLDER / "x", False, console)
    assert Path("run").read_text() == "mine"


def test_there_may_be_nothing_to_resume(console: Console) -> None:
    with pytest.raises(InputError, match=r"^run holds no run: there is no settings\.json in it$"):
        resume_run(FOLDER, console)


def test_a_run_without_a_checkpoint_cannot_go_on(make_config: MakeConfig, console: Console) -> None:
    train_run(make_config(max_epochs=0.2), FOLDER, False, console)
    (FOLDER / "checkpoint.safetensors").unlink()
    with pytest.raises(InputError) as caught:
        resume_run(FOLDER, console)
    assert str(caught.value) == (
        "run holds a run that ended before its first checkpoint; train --overwrite begins anew"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        "{}",
        '{"data": [], "model": {}, "training": {}}',
        '{"data": {"colour": 1}}',
        "\udcff",
    ],
)
def test_settings_that_are_none(text: str) -> None:
    path = Path("settings.json")
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=r"^settings\.json is not the settings of a run: .+$"):
        read_settings(path)


def interrupt_after(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the step after `steps` others is taken."""
    taken, loss = [0], TranslationTask.loss

    def interrupted(self: TranslationTask, module: torch.nn.Module, batch: Any) -> Loss:
        taken[0] += 1
        if taken[0] == steps + 1:
            os.kill(os.getpid(), signal.SIGINT)
        return loss(self, module, batch)

    monkeypatch.setattr(TranslationTask, "loss", interrupted)


@pytest.mark.parametrize("steps", [0, 3, 12])
def test_a_run_that_was_stopped_ends_as_one_that_was_not(
    make_config: MakeConfig, console: Console, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    config = make_config(dict(test_size=0), max_epochs=2, validate_every=0.4, warmup_steps=4)
    train_run(config, Path("whole"), False, console)
    with monkeypatch.context() as patch:
        interrupt_after(steps, patch)
        train_run(config, FOLDER, False, console)
    assert names() >= {"last.safetensors", "checkpoint.safetensors", "settings.json"}
    assert "report.json" not in names()
    assert printed(console).splitlines()[-1] == (
        f"Stopped at step {steps + 1}; run/last.safetensors and checkpoint.safetensors are saved. "
        "To go on: throughtime seq2seq resume run"
    )
    resume_run(FOLDER, console)
    assert f", step {steps + 1}\n" in printed(console).split("resumed at epoch ")[1]
    for name in ("best.safetensors", "last.safetensors"):
        whole, parted = load(Path("whole") / name), load(FOLDER / name)
        assert whole.config == parted.config
        assert all(torch.equal(value, parted.tensors[key]) for key, value in whole.tensors.items())
    reports = [
        json.loads((folder / "report.json").read_text())["training"] for folder in (Path("whole"), FOLDER)
    ]
    for key in ("step", "epochs", "best_step", "best_metrics", "stopped"):
        assert reports[0][key] == reports[1][key]


def test_the_printed_command_resumes(
    make_config: MakeConfig,
    console: Console,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with monkeypatch.context() as patch:
        interrupt_after(2, patch)
        train_run(make_config(max_epochs=0.5), Path("my run"), False, console)
    command = printed(console).strip().split("To go on: ")[1]
    program, *arguments = shlex.split(command)
    assert (program, arguments) == ("throughtime", ["seq2seq", "resume", "my run"])
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code in (None, 0)
    assert (Path("my run") / "report.json").exists()
    assert "resumed at epoch" in capsys.readouterr().out


def test_a_finished_run_resumed_tells_its_end_again(make_config: MakeConfig, console: Console) -> None:
    train_run(make_config(max_epochs=0.3), FOLDER, False, console)
    before = (FOLDER / "best.safetensors").read_bytes()
    report = json.loads((FOLDER / "report.json").read_text())
    resume_run(FOLDER, console)
    assert (FOLDER / "best.safetensors").read_bytes() == before
    again = json.loads((FOLDER / "report.json").read_text())
    assert again["test"]["bleu"] == report["test"]["bleu"]
    assert again["training"]["step"] == report["training"]["step"]


def test_another_corpus_is_noticed(make_config: MakeConfig, console: Console) -> None:
    train_run(make_config(max_epochs=0.3), FOLDER, False, console)
    text = Path("c.tsv").read_text()
    Path("c.tsv").write_text(text.replace("h", "x"))
    with pytest.raises(InputError) as caught:
        resume_run(FOLDER, console)
    assert str(caught.value) == (
        "the corpus has changed since the run in run began: it gives another vocabulary"
    )


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


def test_pairs_left_out_for_their_tokens_are_told(make_config: MakeConfig, console: Console) -> None:
    config = make_config(dict(max_words=5), max_epochs=0.2)
    with Path("c.tsv").open("a") as file:
        file.writelines(f"{'a,' * length}\t{'b,' * length}\n" for length in range(20, 60))
    train_run(config, FOLDER, False, console)
    found = re.search(r"training on (\d+) pairs \((\d+) left out as too long in tokens\)", printed(console))
    assert found is not None
    assert int(found[1]) + int(found[2]) == 236 + 40 - 20 - 12
    assert 30 <= int(found[2]) <= 40


def test_every_plain_line_stays_whole(make_config: MakeConfig, console: Console) -> None:
    """Commands and paths are to be copied; a console of 80 columns must not break them."""
    folder = Path("f" * 60) / ("g" * 60)
    train_run(make_config(dict(test_size=0), max_epochs=0.2), folder, False, console)
    lines = printed(console).splitlines()
    assert f"The model is {folder}/best.safetensors, the report {folder}/report.json. Next:" in lines
    assert f'  throughtime seq2seq run {folder}/best.safetensors "How are you?"' in lines


def test_separate_vocabularies_with_two_files(make_config: MakeConfig, console: Console) -> None:
    config = make_config(
        dict(corpus=("c.src", "c.tgt"), joint=False, tgt_vocab_size=12),
        dict(tie_embeddings="output", cell="gru"),
        max_epochs=0.3,
    )
    pairs = [Pair(*line.split("\t")) for line in Path("c.tsv").read_text().splitlines()]
    Path("c.src").write_text("".join(f"{pair.src}\n" for pair in pairs))
    Path("c.tgt").write_text("".join(f"{pair.tgt}\n" for pair in pairs))
    train_run(config, FOLDER, False, console)
    tokenizers = load_model(FOLDER / "best.safetensors").tokenizers
    assert tokenizers.src is not tokenizers.tgt
    assert "vocabularies 12 and 12\n" in printed(console)


def test_a_disk_that_fills_up_leaves_the_last_good_files(
    make_config: MakeConfig, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_run(make_config(max_epochs=0.3), FOLDER, False, console)
    before = {name: (FOLDER / name).read_bytes() for name in ("best.safetensors", "last.safetensors")}
    config = make_config(max_epochs=0.3)
    (FOLDER / "settings.json").write_text(
        json.dumps(asdict(replace(config, training=replace(config.training, max_epochs=2.0))))
    )
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
