"""A language model that is trained in a second, on a text that counts."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from sums import LINES, Train
from throughtime.application import workflow
from throughtime.application.recurrence import RecurrenceConfig
from throughtime.language.application import APPLICATION
from throughtime.language.config import LearningConfig, TextConfig, TrainConfig, VectorsConfig, WindowConfig


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "sums.txt"
    path.write_text(LINES)
    return path


@pytest.fixture
def config(text: Path) -> TrainConfig:
    return TrainConfig(
        text=TextConfig(corpus=(str(text),), validation_share=0.1, test_share=0.1),
        recurrence=RecurrenceConfig(hidden_size=24, num_layers=1, dropout=0.1),
        vectors=VectorsConfig(embedding_size=8),
        windows=WindowConfig(rows=8, steps=20),
        training=LearningConfig(max_epochs=2, learning_rate=0.01, warmup_steps=5, threads=1),
    )


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=100)


@pytest.fixture
def train(config: TrainConfig, tmp_path: Path, console: Console) -> Train:
    def run(*, name: str = "run", **parts: object) -> workflow.Result:
        return workflow.train(APPLICATION, replace(config, **parts), tmp_path / name, console)  # type: ignore[arg-type]

    return run


@pytest.fixture
def model(train: Train) -> Path:
    """A model file in its run's folder."""
    path = train().model
    assert path is not None
    return path
