"""Runs of a second on letters, and what they leave behind."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from throughtime.application import folder, workflow
from throughtime.seq2seq.application import APPLICATION
from throughtime.seq2seq.config import TrainConfig

MakeConfig = Callable[..., TrainConfig]
FOLDER = Path("run")
KEPT = {"best.safetensors", "last.safetensors", "checkpoint.safetensors", "metrics.jsonl"} | {
    "settings.json",
    "run.lock",
}


def write_letters(path: Path, number: int = 240, seed: int = 0) -> None:
    draw = random.Random(seed)
    lines = [draw.choices("abcdefgh", k=draw.randint(3, 5)) for _ in range(number)]
    path.write_text("".join(f"{' '.join(line)}\t{' '.join(reversed(line))}\n" for line in lines))


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def names(folder: Path = FOLDER) -> set[str]:
    return {path.name for path in folder.iterdir()}


def train_run(config: TrainConfig, place: Path, overwrite: bool, console: Console) -> None:
    workflow.train(APPLICATION, config, place, console, overwrite=overwrite)


def resume_run(place: Path, console: Console, budget: dict[str, float] | None = None) -> None:
    workflow.resume(place, console, budget)


def read_settings(path: Path) -> TrainConfig:
    return folder.read_settings(path, TrainConfig)


def write_settings(config: TrainConfig, place: Path) -> None:
    folder.write_settings(APPLICATION, config, place)
