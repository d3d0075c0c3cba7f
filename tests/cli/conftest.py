"""The command line called as a function, and as a program."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import throughtime
from throughtime.cli.main import main

SOURCE = Path(throughtime.__file__).parents[1]
PROGRAM = [sys.executable, "-c", "from throughtime.cli.main import main; main()"]
TINY = (
    "--tokenizer words --src-vocab-size 12 --embedding-size 8 --encoder-size 6 --decoder-size 12 --dropout 0 "
    "--validation-size 10 --tokens-per-batch 100 --learning-rate 0.02"
).split()


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
    """Calls `main`, which must fail with one sentence and nothing else on standard error; returns the sentence."""

    def call(*arguments: str | Path) -> str:
        done = run(*arguments)
        assert done.code == 1
        assert done.err.startswith("throughtime: ")
        assert done.err.count("\n") == 1
        assert "Traceback" not in done.out + done.err
        return done.err.removeprefix("throughtime: ").removesuffix("\n")

    return call


@pytest.fixture
def start() -> Callable[..., subprocess.Popen[bytes]]:
    """Starts the program in a process of its own, in this folder."""

    def begin(
        *arguments: str | Path, program: list[str] = PROGRAM, **options: object
    ) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return subprocess.Popen([*program, *map(str, arguments)], env=environment, **{**pipes, **options})

    return begin


@pytest.fixture
def letters() -> list[str]:
    """Options that train a tiny network on letters beside themselves backwards, in l.tsv."""
    draw = random.Random(0)
    lines = [draw.choices("abcdefgh", k=draw.randint(3, 5)) for _ in range(150)]
    Path("l.tsv").write_text("".join(f"{' '.join(line)}\t{' '.join(reversed(line))}\n" for line in lines))
    return ["--corpus", "l.tsv", *TINY]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of that kind; its model writes letters, seldom the right ones."""
    folder = tmp_path_factory.mktemp("trained")
    draw = random.Random(0)
    lines = [draw.choices("abcdefgh", k=draw.randint(3, 5)) for _ in range(300)]
    corpus = folder / "l.tsv"
    corpus.write_text("".join(f"{' '.join(line)}\t{' '.join(reversed(line))}\n" for line in lines))
    command = ["seq2seq", "train", "--corpus", str(corpus), *TINY, "--max-epochs", "4", "--test-size", "20"]
    with pytest.raises(SystemExit) as left:
        main([*command, "--folder", str(folder / "run")])
    assert left.value.code in (None, 0)
    return folder / "run"
