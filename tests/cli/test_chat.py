"""`throughtime seq2seq chat` on standard input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_each_line_is_answered_as_run_answers_it(
    run: Callable[..., Any], trained: Path, standard_input: Callable[[bytes], None]
) -> None:
    model = trained / "best.safetensors"
    first, both = (run("seq2seq", "run", model, line).out for line in ("a b", "a b c d"))
    standard_input(b"a b\n\nc d\n")
    done = run("seq2seq", "chat", model, "--remember", "1")
    assert done.code == 0
    assert done.out == first + both


def test_own_answers_need_a_memory(refused: Callable[..., str], trained: Path) -> None:
    told = refused("seq2seq", "chat", trained / "best.safetensors", "--own-answers")
    assert told == "own_answers is given, but nothing is remembered; expected remember or story"
