"""An application that trains in milliseconds: a line through points, one member for each slope."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from regression import Regression
from throughtime.application.application import Application, Member, NoOptions
from throughtime.application.folder import BEST
from throughtime.application.memory_estimate import MemoryEstimate
from throughtime.artefact.file import Artefact, load, save
from throughtime.errors import InputError
from throughtime.settings import group, require
from throughtime.training.config import TrainingConfig

NAME = "toy"


@dataclass(frozen=True)
class PointsConfig:
    """The data.

    Attributes:
        slopes: one member each, where there are several.
        batches: batches of an epoch.
        free: bytes that the machine is said to have.
    """

    slopes: tuple[float, ...] = (1.0,)
    batches: int = 4
    free: int = 1 << 30

    def __post_init__(self) -> None:
        require(self, "batches", self.batches >= 1, "at least 1")


@dataclass(frozen=True)
class ToyConfig:
    """One run."""

    points: PointsConfig = group("Points", PointsConfig)
    training: TrainingConfig = group("Training", TrainingConfig)


class ToyTask(Regression):
    """The regression, with a model file; `hook` runs inside of every batch."""

    hook: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, config: ToyConfig, data: list[float]) -> None:
        super().__init__(config.points.batches, dropout=0.1)
        self.config = config
        self.before_loss = lambda: ToyTask.hook()

    def save_model(self, path: Path, weights: Mapping[str, torch.Tensor]) -> None:
        save(Artefact(NAME, {"slopes": self.config.points.slopes}, dict(weights), {}), path)


@dataclass(frozen=True)
class Score:
    """A number, and the best member."""

    score: float
    best: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def show(self) -> Sequence[str]:
        return [f"score {self.score:g}"]


@dataclass(frozen=True)
class Doubled:
    """An answer."""

    value: Any

    def __str__(self) -> str:
        return str(self.value)

    def to_json(self) -> Any:
        return self.value


def _prepare(config: ToyConfig, folder: Path, resumed: bool) -> list[float]:
    kept = folder / "points.txt"
    if not (resumed and kept.exists()):
        if min(config.points.slopes) < 0:
            raise InputError("a slope is below 0")
        folder.mkdir(parents=True, exist_ok=True)
        kept.write_text(" ".join(map(str, config.points.slopes)))
    return [float(word) for word in kept.read_text().split()]


def _members(config: ToyConfig, data: list[float]) -> Sequence[Member[ToyConfig]]:
    slopes = config.points.slopes
    if len(slopes) == 1:
        return ()
    return [
        Member(f"slope-{slope:g}", replace(config, points=replace(config.points, slopes=(slope,))))
        for slope in slopes
    ]


def _answer(model: Any, inputs: Sequence[Any]) -> list[Doubled]:
    if any(value in ("fault", b"fault") for value in inputs):
        raise InputError("a fault cannot be doubled")
    return [Doubled(len(value) if isinstance(value, bytes) else 2 * value) for value in inputs]


def _memory(config: ToyConfig, data: list[float]) -> MemoryEstimate:
    return MemoryEstimate({"points": 1 << 20}, config.points.free, advice="fewer points need less")


APPLICATION = Application(
    name=NAME,
    config=ToyConfig,
    run_name=lambda config: "toy",
    prepare=_prepare,
    announce=lambda config, data: [f"slopes {data}"],
    members=_members,
    task=ToyTask,
    describe=lambda config, data, task: ["one line"],
    memory=_memory,
    test=lambda config, data, folder, model: Score(config.points.slopes[0]),
    compare=lambda config, data, places: Score(len(places), max(places)),
    next_commands=lambda config, folder, model: [f"throughtime toy run {model}"],
    options=NoOptions,
    load=lambda model, options: load(model, NAME),
    test_options=NoOptions,
    evaluate=lambda model, options, asked: Score(load(model, NAME).config["slopes"][0]),
    answer=_answer,
)

JSON_APPLICATION = replace(APPLICATION, input="json", default_model=Path("runs/toy") / BEST)
BYTES_APPLICATION = replace(APPLICATION, input="bytes")
