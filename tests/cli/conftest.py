"""The command line called as a function, and as a program."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import throughtime
from throughtime.cli.main import main

SOURCE = Path(throughtime.__file__).parents[1]
PROGRAM = [sys.executable, "-c", "from throughtime.cli.main import main; main()"]
TINY = dict(
    tokenizer="words",
    src_vocab_size=12,
    validation_size=10,
    embedding_size=8,
    encoder_size=6,
    decoder_size=12,
    dropout=0,
    tokens_per_batch=100,
    learning_rate=0.02,
)


class Done(NamedTuple):
    """What a call of the command line came to."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that texts hold short file names; 80 columns, as a small terminal has."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Calls `main` with some arguments."""

    def call(*arguments: str | Path) -> Done:
        capsys.readouterr()
        code: object = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as left:
            code = left.code
        assert code is None or isinstance(code, int)
        return Done(code or 0, *capsys.readouterr())

    return call


@pytest.fixture
def refused(run: Callable[..., Done]) -> Callable[..., str]:
    """Calls `main`, which must fail with one sentence and no more on standard error; returns the sentence."""

    def call(*arguments: str | Path) -> str:
        done = run(*arguments)
        assert done.code == 1
        assert done.err.startswith("throughtime: ")
        assert done.err.count("\n") == 1
        assert "Traceback" not in done.out + done.err
        return done.err.removeprefix("throughtime: ").removesuffix("\n")

    return call


@pytest.fixture
def standard_input(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Gives bytes to read from standard input."""

    def give(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return give


@pytest.fixture
def start() -> Callable[..., subprocess.Popen[bytes]]:
    """Starts the program in a process of its own, in this folder."""

    def begin(
        *arguments: str | Path, program: list[str] = PROGRAM, **options: Any
    ) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}
        environment.pop("PYTHONUNBUFFERED", None)  # output is to wait in its buffer, as it does for a user
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return subprocess.Popen([*program, *map(str, arguments)], env=environment, **{**pipes, **options})

    return begin


def options(corpus: Path, number: int, settings: dict[str, Any]) -> list[str]:
    """Options of `train` for a tiny network; the corpus is letters beside themselves backwards."""
    draw = random.Random(0)
    lines = [draw.choices("abcdefgh", k=draw.randint(3, 5)) for _ in range(number)]
    corpus.write_text("".join(f"{' '.join(line)}\t{' '.join(reversed(line))}\n" for line in lines))
    named = [(f"--{name.replace('_', '-')}", str(value)) for name, value in {**TINY, **settings}.items()]
    return ["--corpus", str(corpus), *(word for pair in named for word in pair)]


@pytest.fixture
def letters() -> Callable[..., list[str]]:
    """Options of `train` for a tiny network on l.tsv, changed as asked."""
    return lambda **changes: options(Path("l.tsv"), 150, changes)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of that kind; its model writes letters, seldom the right ones."""
    folder = tmp_path_factory.mktemp("trained")
    given = options(folder / "l.tsv", 300, dict(max_epochs=4, test_size=20))
    with pytest.raises(SystemExit) as left:
        main(["seq2seq", "train", *given, "--folder", str(folder / "run")])
    assert left.value.code in (None, 0)
    return folder / "run"
