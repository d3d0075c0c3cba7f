"""Small corpora, and runs of a second or two on them."""

from __future__ import annotations

import contextlib
import io
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import throughtime
from held_letters import held_letters
from letter_runs import printed
from regression import console as console
from throughtime.application.workflow import Result
from written import write

TINY = {"hidden_size": 8, "dropout": 0.0, "rows": 4, "steps": 10, "warmup_steps": 0, "max_epochs": 2.0}


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty folder, and a Ctrl-C that works."""
    monkeypatch.chdir(tmp_path)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def train_on_letters(console: Console, folder: str = "run", **settings: Any) -> Result:
    corpus = settings.pop("corpus", None) or (write("letters.tsv", held_letters()),)
    given = {**TINY, **settings}
    return throughtime.train("label", folder=folder, corpus=corpus, console=console, **given)


@pytest.fixture
def train(console: Console) -> Callable[..., Result]:
    """Trains on letters, with other settings as asked."""
    return partial(train_on_letters, console)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a run that learned to say which letter was the last but for c, and what it printed."""
    folder, console = tmp_path_factory.mktemp("finished"), Console(file=io.StringIO(), width=200)
    with contextlib.chdir(folder):
        train_on_letters(console, max_epochs=10.0, learning_rate=0.04)
    return folder, printed(console)


@pytest.fixture
def learned(finished: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """What that run printed, in its folder."""
    folder, text = finished
    monkeypatch.chdir(folder)
    return text
