from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from letter_runs import read_settings
from throughtime.artefact.file import load, save
from throughtime.cli.main import main
from throughtime.corpora import phrasebook
from throughtime.corpora.phrasebook import Phrasebook
from throughtime.files.pairs import Pair
from throughtime.seq2seq.application import PHRASEBOOK_MODEL
from throughtime.seq2seq.config import DataConfig, ModelConfig, SearchConfig, TrainConfig, TrainingConfig
from throughtime.seq2seq.model_file import load_model
from throughtime.seq2seq.pipeline import load_pipeline
from throughtime.seq2seq.presets import PRESETS

Run = Callable[..., Any]
SOURCES = ["a b c", "", "h g f e", "  ", "zebra", "🙂", "d"]


def flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def plain(help_text: str) -> str:
    """A help page as running text, without its frame."""
    return re.sub(r"\s+", " ", re.sub(r"[│╭╮╰╯─]", " ", help_text))


@pytest.fixture(scope="module")
def model(trained: Path) -> Path:
    return trained / "best.safetensors"


@pytest.mark.parametrize(
    ("command", "configs"),
    [
        ("train", (DataConfig, ModelConfig, TrainingConfig)),
        ("reproduce", (DataConfig, ModelConfig, TrainingConfig)),
        ("evaluate", (SearchConfig,)),
        ("run", (SearchConfig,)),
    ],
)
def test_help_has_every_setting_with_its_default(run: Run, command: str, configs: tuple[type, ...]) -> None:
    done = run("seq2seq", command, "--help")
    assert (done.code, done.err) == (0, "")
    text = plain(done.out)
    for field in (field for config in configs for field in fields(config)):
        option = re.search(rf" {flag(field.name)} (.*?)(?= --[a-z]| $)", text)
        assert option, f"{flag(field.name)} is not in the help"
        if field.default is not None:
            assert f"[default: {field.default}]" in text[option.start() :]
    assert max(map(len, done.out.splitlines())) <= 80
    assert "--empty-" not in text


def test_help_of_a_setting_is_its_description(run: Run) -> None:
    text = plain(run("seq2seq", "train", "--help").out)
    for sentence in (
        "source and target column, each by its name or its number from 0.",
        "the most frequent ones and one for all others, as in 2014.",
        "sutskever2014 is uniform(-0.08, 0.08).",
        "[choices: none, dot, general, mlp] [default: mlp]",
        "largest norm of the gradient; a longer one is scaled down to it.",
    ):
        assert sentence in text


def test_help_of_train_is_parted_by_subject(run: Run) -> None:
    out = run("seq2seq", "train", "--help").out
    places = [out.index(f"╭─ {subject} ") for subject in ("Parameters", "Corpus", "Network", "Training")]
    assert places == sorted(places)
    assert places[1] < out.index("--tokens-per-batch") < places[2] < out.index("--dropout") < places[3]


def test_help_of_the_group_names_its_commands(run: Run) -> None:
    text = plain(run("seq2seq", "--help").out)
    assert all(f" {command} " in text for command in ("train", "resume", "evaluate", "run"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["train", "--hidden-size", "3"], "Unknown option: --hidden-size"),
        (["run", "m", "a", "--beam", "3"], "Unknown option: --beam"),
        (["evaluate", "--bleu"], "Unknown option: --bleu"),
        (
            ["train", "--embedding-size", "wide"],
            'Invalid value for --embedding-size: unable to convert "wide" into int.',
        ),
        (["train", "--attention", "self"], 'Invalid value "self" for --attention. Choose from:'),
        (["run", "m", "--search", "best"], 'Invalid value "best" for --search. Choose from:'),
        (["train", "--columns", "1"], "--columns"),
        (["resume"], "folder"),
        (["run", "m", "How", "are", "you?"], "Unused Tokens: ['are', 'you?']"),
    ],
)
def test_options_that_are_none(run: Run, arguments: list[str], told: str) -> None:
    done = run("seq2seq", *arguments)
    assert done.code != 0
    assert told.lower() in plain(done.err).lower()
    assert done.out == ""
    assert "Traceback" not in done.err
    assert list(Path().iterdir()) == []


def test_settings_typed_are_settings_trained_with(run: Run, letters: Callable[..., list[str]]) -> None:
    network = ["--cell", "gru", "--attention", "mlp", "--no-bidirectional"]
    training = ["--betas", "0.8", "0.95", "--max-epochs", "0.2", "--seed", "7", "--precision", "32-true"]
    done = run("seq2seq", "train", *letters(), *network, *training, "--folder", "r")
    assert (done.code, done.err) == (0, "")
    config = read_settings(Path("r/settings.json"))
    assert config == TrainConfig(
        DataConfig(
            ("l.tsv",), tokenizer="words", src_vocab_size=12, validation_size=10, tokens_per_batch=100
        ),
        ModelConfig("gru", 8, 6, bidirectional=False, decoder_size=12, attention="mlp", dropout=0.0),
        TrainingConfig(learning_rate=0.02, betas=(0.8, 0.95), max_epochs=0.2, seed=7),
    )
    assert load_model(Path("r/best.safetensors")).model.config == config.model


def test_the_folder_is_named_for_the_corpus(
    run: Run, refused: Callable[..., str], letters: Callable[..., list[str]]
) -> None:
    assert run("seq2seq", "train", *letters(), "--max-epochs", "0.1").code == 0
    assert Path("runs/l/best.safetensors").exists()
    assert refused("seq2seq", "train", *letters()) == (
        "runs/l holds a run already; `throughtime seq2seq resume runs/l` goes on with it, "
        "--overwrite begins anew, --folder takes another place"
    )
    assert run("seq2seq", "train", *letters(), "--max-epochs", "0.1", "--overwrite").code == 0


@pytest.fixture
def small_phrasebook(monkeypatch: pytest.MonkeyPatch) -> Phrasebook:
    who, what = ("cat", "dog", "hen", "fox", "bear", "wolf"), ("bread", "fish", "rice", "milk", "cake")
    pairs = [Pair(f"The {a} likes {b} today.", f"Le {a} aime {b} ici.") for a in who for b in what]
    book = Phrasebook(pairs[:20], pairs[20:25], pairs[25:])
    monkeypatch.setattr(phrasebook, "build", lambda *_: book)
    return book


@pytest.fixture
def small_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    values = dict(
        src_vocab_size=30, schedule="cosine", warmup_steps=3, dropout=0.25, max_epochs=50, best_by="bleu"
    )
    monkeypatch.setitem(PRESETS, "phrasebook", values)


def test_without_a_corpus_the_preset_of_the_phrasebook_holds(
    run: Run, small_phrasebook: Phrasebook, small_preset: None
) -> None:
    sizes = ["--embedding-size", "8", "--encoder-size", "6", "--decoder-size", "8"]
    done = run("seq2seq", "train", *sizes, "--max-epochs", "1", "--best-by", "loss")
    assert (done.code, done.err) == (0, "")
    assert "the built-in phrasebook: 20 pairs, 5 for validation, 5 for test" in done.out
    config = read_settings(Path("runs/phrasebook/settings.json"))
    assert (config.data.src_vocab_size, config.model.dropout) == (30, 0.25)
    assert (config.training.schedule, config.training.warmup_steps) == ("cosine", 3)
    training = config.training
    assert (config.model.embedding_size, training.best_by, training.max_epochs) == (8, "loss", 1)
    assert Path("runs/phrasebook/best.safetensors") == PHRASEBOOK_MODEL
    assert run("seq2seq", "run", PHRASEBOOK_MODEL, "The cat likes fish today.").code == 0
    done = run("seq2seq", "evaluate", "--search", "greedy")
    assert done.code == 0
    assert "phrasebook: 5 sentences" in done.out


def test_a_corpus_has_no_preset_unless_asked(
    run: Run, small_preset: None, letters: Callable[..., list[str]]
) -> None:
    assert run("seq2seq", "train", *letters(), "--max-epochs", "0.1", "--folder", "plain").code == 0
    assert read_settings(Path("plain/settings.json")).training.schedule == "constant"
    options = [*letters(max_epochs=0.1), "--folder", "asked", "--preset", "phrasebook"]
    assert run("seq2seq", "train", *options).code == 0
    config = read_settings(Path("asked/settings.json"))
    assert (config.training.schedule, config.training.warmup_steps) == ("cosine", 3)
    assert (config.data.src_vocab_size, config.training.max_epochs) == (12, 0.1)


def test_run_translates_a_sentence(run: Run, model: Path) -> None:
    done = run("seq2seq", "run", model, "a b c")
    expected = next(load_pipeline([model], SearchConfig()).texts(["a b c"]))
    assert done == (0, f"{expected}\n", "")
    assert expected


def test_run_keeps_lines_of_every_source(
    run: Run, model: Path, standard_input: Callable[[bytes], None]
) -> None:
    expected = "".join(f"{text}\n" for text in load_pipeline([model], SearchConfig()).texts(SOURCES))
    lines = "".join(f"{line}\n" for line in SOURCES)
    Path("in.txt").write_text(lines)
    standard_input(lines.encode())
    assert run("seq2seq", "run", model).out == expected
    assert run("seq2seq", "run", model, "--file", "in.txt").out == expected
    assert run("seq2seq", "run", model, "\n".join(SOURCES)).out == expected
    assert expected.count("\n") == len(SOURCES)


def test_run_reads_bytes_that_are_no_text(
    run: Run, model: Path, standard_input: Callable[[bytes], None]
) -> None:
    standard_input(b"a b\n\xff\xfe\n\nc\xe9 d\n")
    done = run("seq2seq", "run", model)
    assert (done.code, done.err, done.out.count("\n")) == (0, "", 4)
    assert done.out.splitlines()[2] == ""


def test_run_writes_utf8_whatever_the_terminal_speaks(
    model: Path, monkeypatch: pytest.MonkeyPatch, standard_input: Callable[[bytes], None]
) -> None:
    artefact = load(model)
    tokenizer = json.loads(artefact.assets["tgt"])
    tokenizer["words"] = [f"é{word}" for word in tokenizer["words"]]
    artefact.assets["src"] = artefact.assets["tgt"]
    artefact.assets["tgt"] = json.dumps(tokenizer).encode()
    save(artefact, Path("accents.safetensors"))
    standard_input("a b c\n\n🙂 d\n".encode())
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    with pytest.raises(SystemExit):
        main(["seq2seq", "run", "accents.safetensors"])
    first, second, _ = written.getvalue().decode("utf-8").removesuffix("\n").split("\n")
    assert "é" in first
    assert second == ""


def test_run_n_best_sampling_and_ensembles(run: Run, model: Path, trained: Path) -> None:
    rows = [
        line.split("\t") for line in run("seq2seq", "run", model, "a b c", "--n-best", "3").out.splitlines()
    ]
    assert [row[0] for row in rows] == ["1", "2", "3"]
    assert [float(row[1]) for row in rows] == sorted((float(row[1]) for row in rows), reverse=True)
    lines = "\n".join(["a b c d e"] * 20)
    sample = ["seq2seq", "run", model, lines, "--search", "sample", "--seed"]
    one, again, other = (run(*sample, seed).out for seed in ("1", "1", "2"))
    assert one == again != other
    alone = run("seq2seq", "run", model, "a b c").out
    assert run("seq2seq", "run", model, "a b c", "--ensemble", model, model).out == alone
    assert run("seq2seq", "run", model, "a b c", "--ensemble", trained / "last.safetensors").code == 0


def test_a_text_that_begins_with_a_dash(run: Run, model: Path) -> None:
    assert run("seq2seq", "run", model, "--", "-5 a b").code == 0
    done = run("seq2seq", "run", model, "-5 a b")
    assert done.code != 0
    assert "Unknown option" in done.err


def test_evaluate_scores_and_writes_what_is_asked(run: Run, model: Path, trained: Path) -> None:
    test = trained / "test.tsv"
    done = run(
        "seq2seq", "evaluate", model, "--corpus", test, "--output", "out.txt", "--report", "report.json"
    )
    assert (done.code, done.err) == (0, "")
    assert "20 sentences in " in done.out
    sources = [line.split("\t")[0] for line in test.read_text().splitlines()]
    pipeline = load_pipeline([model], SearchConfig())
    assert Path("out.txt").read_text() == "".join(f"{text}\n" for text in pipeline.texts(sources))
    report = json.loads(Path("report.json").read_text())
    assert report["models"] == [str(model)]
    assert report["search"]["beam_size"] == 5
    assert report["sentences"] == 20
    assert f"{report['chrf']['value']:.2f}" in done.out
    assert report["chrf"]["signature"] in done.out
    before = json.loads((trained / "report.json").read_text())["test"]
    assert [report[name] for name in ("bleu", "chrf", "bleu_tokenised")] == [
        before[name] for name in ("bleu", "chrf", "bleu_tokenised")
    ]


def test_evaluate_takes_the_languages_rules(run: Run, model: Path, trained: Path) -> None:
    test = trained / "test.tsv"
    for language in ("fr", "de"):
        command = [
            "seq2seq",
            "evaluate",
            model,
            "--corpus",
            test,
            "--language",
            language,
            "--report",
            "r.json",
        ]
        assert run(*command).code == 0
        assert (
            f"norm:moses-{language}" in json.loads(Path("r.json").read_text())["bleu_tokenised"]["signature"]
        )


def test_evaluate_takes_the_model_s_language(run: Run, letters: Callable[..., list[str]]) -> None:
    settings = ["--max-epochs", "0.3", "--tgt-language", "de", "--folder", "german"]
    assert run("seq2seq", "train", *letters(), *settings).code == 0
    evaluate = ["seq2seq", "evaluate", "german/best.safetensors", "--corpus", "l.tsv"]
    assert run(*evaluate, "--report", "r.json").code == 0
    assert "norm:moses-de" in json.loads(Path("r.json").read_text())["bleu_tokenised"]["signature"]


def test_resume_of_a_finished_run(run: Run, letters: Callable[..., list[str]]) -> None:
    assert run("seq2seq", "train", *letters(), "--max-epochs", "0.3", "--folder", "my run").code == 0
    done = run("seq2seq", "resume", "my run")
    assert (done.code, done.err) == (0, "")
    assert "resumed at epoch 0." in done.out


def test_run_prints_lists_of_moses_and_json(run: Run, model: Path) -> None:
    table = run("seq2seq", "run", model, "a b c", "--n-best", "3", "--format", "moses").out.splitlines()
    assert len(table) == 3 and all(row.startswith("0 ||| ") and row.count("|||") == 4 for row in table)
    (line,) = run("seq2seq", "run", model, "a b c", "--n-best", "3", "--format", "jsonl").out.splitlines()
    found = json.loads(line)
    assert found["source_tokens"] == ["a", "b", "c", "</s>"]
    assert [row.split(" ||| ")[1] for row in table] == [one["text"] for one in found["candidates"]]


def test_run_begins_with_what_it_is_told(run: Run, model: Path, tmp_path: Path) -> None:
    lines, told = tmp_path / "lines.txt", tmp_path / "told.txt"
    lines.write_text("a b c\na b\n", encoding="utf-8")
    told.write_text("c c\n\n", encoding="utf-8")
    plain = run("seq2seq", "run", model, "--file", lines).out.splitlines()
    found = run("seq2seq", "run", model, "--file", lines, "--prefixes", told).out.splitlines()
    assert found[0].startswith("c c") and not plain[0].startswith("c c")
    assert found[1] == plain[1]
    assert run("seq2seq", "run", model, "a b c", "--prefix", "c c").out.splitlines() == found[:1]


def test_run_writes_what_it_must_and_nothing_that_it_must_not(run: Run, model: Path) -> None:
    plain = run("seq2seq", "run", model, "a b c").out.split()
    done = run("seq2seq", "run", model, "a b c", "--must", "c c", "--must", "a", "--never", "b")
    assert "b" in plain and "b" not in done.out.split()
    assert "c c" in done.out and "a" in done.out and done.err == ""


def test_a_lexicon_is_learned_and_used(run: Run, model: Path, tmp_path: Path) -> None:
    pairs, lexicon = tmp_path / "pairs.tsv", tmp_path / "lexicon.tsv"
    pairs.write_text("a b\ta b\nb c\tb c\nc\tc\na\ta\n", encoding="utf-8")
    done = run("seq2seq", "lexicon", model, lexicon, "--corpus", pairs, "--best", "2")
    lines = lexicon.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]  # the digest aside
    assert done.out.startswith(f"{lexicon}: {len(rows)} pairs")
    assert next(row[1] for row in rows if row[0] == "a") == "a"
    short = run("seq2seq", "run", model, "a b", "--shortlist", lexicon, "--shortlist-best", "1")
    assert short.code == 0 and set(short.out.split()) <= set("abc")
