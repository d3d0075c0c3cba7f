"""An empty folder, a Ctrl-C that works, a console to read, and settings of a small run."""

from __future__ import annotations

import io
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from letter_runs import MakeConfig, write_letters
from throughtime.seq2seq.config import DataConfig, ModelConfig, TrainConfig, TrainingConfig


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
