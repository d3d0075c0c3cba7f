"""Settings of a small reproduction, and one that is done."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from rich.console import Console

from letter_runs import printed, write_letters
from throughtime.seq2seq.config import DataConfig, ModelConfig, TrainConfig, TrainingConfig
from throughtime.seq2seq.reproduce.sutskever2014 import reproduce


class Reproduced(NamedTuple):
    """Where a reproduction lies, with what it was asked for, what it printed and what it reported."""

    folder: Path
    config: TrainConfig
    text: str
    report: dict[str, Any]


def letters_in(folder: Path) -> TrainConfig:
    """Letters beside themselves backwards, and a network that learns some of it in a second."""
    write_letters(folder / "c.tsv")
    data = DataConfig(
        corpus=(str(folder / "c.tsv"),),
        validation_size=20,
        test_size=12,
        tokenizer="words",
        src_vocab_size=12,
        tokens_per_batch=150,
    )
    model = ModelConfig(
        embedding_size=16,
        encoder_size=24,
        decoder_size=24,
        dropout=0.1,
        attention="none",
        bidirectional=False,
    )
    return TrainConfig(data, model, TrainingConfig(learning_rate=0.02, max_epochs=15, log_every=2))


def console_of_tests() -> Console:
    """No terminal, 120 columns."""
    return Console(file=io.StringIO(), force_terminal=False, width=120)


@pytest.fixture
def console() -> Console:
    return console_of_tests()


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainConfig:
    """Settings for a corpus in the folder of the test, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return letters_in(tmp_path)


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory: pytest.TempPathFactory) -> Reproduced:
    place = tmp_path_factory.mktemp("reproduced")
    config, console, folder = letters_in(place), console_of_tests(), place / "paper"
    reproduce(config, folder, None, "again", console)
    report = json.loads((folder / "reproduction.json").read_text())
    return Reproduced(folder, config, printed(console), report)
