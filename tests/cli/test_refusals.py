"""Bad input: one sentence that names it, an exit code, and nothing left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from disk import full_disk

Refused = Callable[..., str]


def write(name: str, content: str | bytes) -> str:
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    return name


def train(*names: str) -> list[str]:
    return ["seq2seq", "train", "--corpus", *names, "--folder", "new"]


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    yield
    assert not Path("new").exists()
    assert not [path for path in Path().rglob("*") if path.name.endswith(".part")]


def test_missing_files(refused: Refused) -> None:
    write("a.en", "a\n")
    assert refused(*train("none.tsv")) == "none.tsv does not exist"
    assert refused(*train("a.en", "none.fr")) == "none.fr does not exist"
    Path("folder").mkdir()
    assert refused(*train("folder")) == "folder is a directory; a file was expected"
    assert refused(*train("a.en", "a.en"), "--test", "none.tsv", "--validation", "a.en", "a.en") == (
        "none.tsv does not exist"
    )


def test_unequal_line_counts(refused: Refused) -> None:
    src, tgt = write("a.en", "one\ntwo\nthree\n"), write("a.fr", "un\n")
    counts = "a.en has 3 lines and a.fr has 1 line", "a.fr has 1 line and a.en has 3 lines"
    assert refused(*train(src, tgt)) == f"{counts[0]}; parallel files need the same number"
    assert refused(*train(tgt, src)) == f"{counts[1]}; parallel files need the same number"


def test_a_binary_file(refused: Refused) -> None:
    write("a.tsv", "text\ttexte\nmore\tencore\nbin\0ary\tx\n")
    assert refused(*train("a.tsv")) == "a.tsv:3: byte 4 is NUL: a binary file, where UTF-8 text was expected"


def test_the_wrong_encoding(refused: Refused) -> None:
    write("a.tsv", "one\tun\nsummer\tété\n".encode("latin-1"))
    assert refused(*train("a.tsv")) == (
        "a.tsv:2: byte 8 (0xe9) is not UTF-8 text; save the file in the UTF-8 encoding"
    )
    write("u16.tsv", "one\tun\n".encode("utf-16"))
    assert refused(*train("u16.tsv")).startswith("u16.tsv:1: byte ")


def test_an_empty_corpus(refused: Refused) -> None:
    assert refused(*train(write("a.tsv", ""))) == "no pairs in a.tsv; expected at least one"
    assert refused(*train(write("a.en", ""), write("a.fr", ""))) == (
        "no pairs in a.en, a.fr; expected at least one"
    )
    assert refused(*train(write("blank.tsv", "\t\n \t \n"))) == (
        "nothing is left of the corpus after cleaning: 0 of 2 pairs kept (dropped: 2 empty, 0 too long, "
        "0 of unlike length, 0 repeated)"
    )


def test_all_lines_too_long(refused: Refused) -> None:
    write("a.tsv", f"{'w ' * 81}\t{'m ' * 81}\n" * 3)
    assert refused(*train("a.tsv")) == (
        "all 3 pairs are too long: each has a sentence of more than 80 words (max_words)"
    )


def test_all_lines_too_long_in_tokens(refused: Refused) -> None:
    lines = "".join(f"{'x,' * (50 + k)}\t{'y,' * (50 + k)}\n" for k in range(9))
    sizes = ["--max-words", "2", "--validation-size", "2", "--tokenizer", "words", "--src-vocab-size", "6"]
    assert refused(*train(write("a.tsv", lines)), *sizes) == (
        "all 7 pairs are too long: each has a side of more than 8 tokens"
    )


def test_a_vocabulary_larger_than_the_data_allows(
    refused: Refused, letters: Callable[..., list[str]]
) -> None:
    subwords = letters(src_vocab_size=4000, tokenizer="subwords")
    told = refused("seq2seq", "train", *subwords, "--folder", "new")
    assert told.startswith("src_vocab_size is 4000; the training text allows at most ")


def test_more_held_out_than_there_is(refused: Refused) -> None:
    write("a.tsv", "one\tun\ntwo\tdeux\n")
    assert refused(*train("a.tsv")) == (
        "2 pairs with 2 distinct sources cannot give 1,000 for validation and 0 for test "
        "and keep any for training"
    )


def test_a_file_of_unknown_form(refused: Refused) -> None:
    assert refused(*train(write("a.txt", "a\tb\n"))) == (
        "a.txt is not .csv, .tsv or .jsonl (.gz may follow); plain text needs two paths"
    )
    assert refused(*train(write("a.tsv", "a b\n"))) == (
        "a.tsv:1: no column 1; choose with --columns from 0 'a b'"
    )
    assert refused(*train(write("a.jsonl", '{"en": "a", "fr": "b"}\n'))) == (
        "a.jsonl:1: the source column is not known; choose with --columns from 0 'en', 1 'fr'"
    )
    assert refused(*train(write("a.tsv.gz", "a\tb\n"))).startswith("a.tsv.gz is a damaged gzip file: ")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--embedding-size", "0"], "embedding_size is 0; expected at least 1"),
        (["--dropout", "1.5"], "dropout is 1.5; expected 0 or more and below 1"),
        (["--learning-rate", "-1"], "learning_rate is -1.0; expected above 0"),
        (["--tokens-per-batch", "0"], "tokens_per_batch is 0; expected at least 1"),
        (["--seed", "-3"], "seed is -3; expected 0 or more and below 2**63"),
        (["--best-by", "blue"], "best_by is blue; expected one of loss, perplexity, bleu"),
        (
            ["--cell", "abacus"],
            "there is no cell named 'abacus'; the cells are elman, elman_relu, linear, indrnn, lstm, ",
        ),
        (["--cell", "gru", "--initialiser", "forget_bias"], "GRU has no forget gate f to give a bias; "),
        (["--no-joint"], "tie_embeddings all needs one vocabulary for both languages; "),
        (
            ["--attention", "dot", "--no-bidirectional"],
            "dot attention needs a decoder as wide as the encoder's output",
        ),
    ],
)
def test_settings_that_cannot_be(
    refused: Refused, letters: Callable[..., list[str]], options: list[str], told: str
) -> None:
    letters()
    assert refused("seq2seq", "train", "--corpus", "l.tsv", *options, "--folder", "new").startswith(told)


@pytest.mark.parametrize("option", ["--test", "--validation", "--columns"])
def test_sets_without_a_corpus(refused: Refused, option: str) -> None:
    values = ["0", "1"] if option == "--columns" else ["t.tsv"]
    assert refused("seq2seq", "train", option, *values, "--folder", "new") == (
        f"{option[2:]} is given but no corpus; the built-in phrasebook brings its own sets"
    )


def test_models_that_are_none(refused: Refused, trained: Path) -> None:
    assert refused("seq2seq", "run", "none.safetensors", "a") == (
        "none.safetensors does not exist; expected a model file"
    )
    assert refused("seq2seq", "run") == (
        "runs/phrasebook/best.safetensors does not exist yet; "
        "`throughtime seq2seq train` makes it, or name another model file"
    )
    assert refused("seq2seq", "run", "How are you?") == (
        "How are you? is not a model file; the model comes first, then the text, or the text alone as --text"
    )
    assert refused("seq2seq", "run", trained, "a") == f"{trained} is a directory; expected a model file"
    checkpoint = trained / "checkpoint.safetensors"
    assert (
        refused("seq2seq", "run", checkpoint, "a")
        == f"{checkpoint} is not a model file that throughtime wrote"
    )
    safetensors.torch.save_file({"w": torch.zeros(3)}, "other.safetensors")
    assert refused("seq2seq", "run", "other.safetensors", "a") == (
        "other.safetensors is not a model file that throughtime wrote"
    )
    data = (trained / "best.safetensors").read_bytes()
    write("cut.safetensors", data[:-1000])
    assert refused("seq2seq", "evaluate", "cut.safetensors", "--corpus", trained / "test.tsv").startswith(
        "cut.safetensors is truncated: "
    )


def test_what_cannot_be_translated(refused: Refused, trained: Path) -> None:
    run = ["seq2seq", "run", trained / "best.safetensors"]
    assert refused(*run, "a", "--file", "b") == (
        "text and --file are both given; one of them is read, not both"
    )
    assert refused(*run, "--file", "none.txt") == "none.txt cannot be read: No such file or directory"
    write("b.txt", b"a\nb\0\n")
    assert refused(*run, "--file", "b.txt") == (
        "b.txt:2: byte 2 is NUL: a binary file, where UTF-8 text was expected"
    )
    assert refused(*run, "a", "--n-best", "9") == "n_best is 9; expected 1 to beam_size, which is 5"
    assert refused(*run, "a", "--search", "greedy", "--n-best", "2").startswith(
        "n_best is 2, but greedy search"
    )
    assert refused(*run, "a", "--ensemble", "none.safetensors").startswith("none.safetensors does not exist")


def test_what_cannot_be_evaluated(refused: Refused, trained: Path) -> None:
    evaluate = ["seq2seq", "evaluate", trained / "best.safetensors", "--search", "greedy", "--corpus"]
    assert refused(*evaluate, "none.tsv") == "none.tsv does not exist"
    assert refused(*evaluate, write("e.tsv", "")) == "no pairs in e.tsv; expected at least one"
    assert refused("seq2seq", "evaluate", trained / "best.safetensors", "--n-best", "3") == (
        "n_best is 3, but the best translation alone is scored; expected 1"
    )
    test = trained / "test.tsv"
    assert refused("seq2seq", "evaluate", trained / "best.safetensors", "--columns", "0", "1") == (
        "columns is given but no corpus; the built-in phrasebook has its own"
    )
    missing = refused(*evaluate, test, "--columns", "0", "7")
    assert missing.startswith(f"{test}:1: no column 7; choose with --columns from 0 '")


@pytest.mark.parametrize("option", ["--output", "--report"])
def test_files_that_cannot_be_written(run: Callable[..., Any], trained: Path, option: str) -> None:
    evaluate = ["seq2seq", "evaluate", trained / "best.safetensors", "--corpus", trained / "test.tsv"]
    done = run(*evaluate, "--search", "greedy", option, "none/x")
    assert (done.code, done.err) == (1, "throughtime: none/x cannot be written: No such file or directory\n")
    if option == "--report":
        assert "20 sentences" in done.out  # the scores are not lost
    else:
        assert not done.out  # it is refused before anything is translated


def test_nothing_to_resume(refused: Refused) -> None:
    assert refused("seq2seq", "resume", "new") == "new holds no run: there is no settings.json in it"


def test_a_full_disk_while_the_corpus_is_written(refused: Refused, letters: Callable[..., list[str]]) -> None:
    options = letters()
    with full_disk(1500):
        told = refused("seq2seq", "train", *options, "--folder", "new")
    assert "text.arrow cannot be written: " in told
    assert "nothing half-written was kept" in told


def test_a_full_disk_while_the_model_is_saved(
    run: Callable[..., Any], letters: Callable[..., list[str]]
) -> None:
    wide = letters(embedding_size=64, decoder_size=64, max_epochs=0.2)  # a model of 200 kB
    with full_disk(50_000):
        done = run("seq2seq", "train", *wide, "--folder", "full")
    assert done.code == 1
    assert done.err.startswith("throughtime: full/best.safetensors cannot be written: File too large; ")
    assert done.err.count("\n") == 1
    left = {path.name for path in Path("full").iterdir()}
    assert left == {"settings.json", "data", "metrics.jsonl", "run.lock"}
    assert "Traceback" not in done.out
