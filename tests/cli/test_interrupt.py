"""Ctrl-C at the program itself, in a process of its own."""

from __future__ import annotations

import shlex
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from throughtime.artefact.file import load

Start = Callable[..., subprocess.Popen[bytes]]


def listening() -> None:
    """Programs started in the background of a shell would ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def first_with(lines: Iterable[bytes], text: str) -> str:
    return next(line.decode() for line in lines if text in line.decode())


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As what is started in a process of its own has: sums of other threads may end in other bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_ctrl_c_saves_and_the_resumed_run_ends_as_one_that_was_not_stopped(
    start: Start, run: Callable[..., Any], letters: Callable[..., list[str]]
) -> None:
    options = letters(max_epochs=30, validate_every=5)
    process = start("seq2seq", "train", *options, "--folder", "stopped run", preexec_fn=listening)
    assert process.stdout is not None
    first_with(process.stdout, "val loss")
    process.send_signal(signal.SIGINT)
    rest, err = process.communicate(timeout=300)
    last = rest.decode().splitlines()[-1]
    assert process.returncode == 0
    assert err.decode().strip() == "Stopping after this batch; Ctrl-C again stops at once and saves nothing."
    assert last.startswith("Stopped at step ")
    command = last.split("To go on: ")[1]
    assert command == "throughtime seq2seq resume 'stopped run'"
    assert not Path("stopped run/report.json").exists()

    assert run(*shlex.split(command)[1:]).code == 0
    assert run("seq2seq", "train", *options, "--folder", "whole").code == 0
    for name in ("best.safetensors", "last.safetensors"):
        parted, whole = load(Path("stopped run") / name), load(Path("whole") / name)
        assert all(torch.equal(value, parted.tensors[key]) for key, value in whole.tensors.items())


def test_ctrl_c_while_translating_is_quiet(start: Start, trained: Path) -> None:
    Path("lines.txt").write_text("a b c d e f g h\n" * 50_000)  # for a minute and more
    arguments = ["seq2seq", "run", trained / "best.safetensors", "--search", "greedy", "--file", "lines.txt"]
    process = start(*arguments, preexec_fn=listening)
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert b"Traceback" not in err
