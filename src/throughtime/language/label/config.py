"""Every setting of sequence labelling with its default."""

from __future__ import annotations

from dataclasses import dataclass

from throughtime.application.recurrence import RecurrenceConfig
from throughtime.files.step_settings import CodingConfig, HeldOutConfig, StepsConfig
from throughtime.language.config import LearningConfig, WindowConfig
from throughtime.settings import group, require


@dataclass(frozen=True)
class LayersConfig(RecurrenceConfig):
    __doc__ = f"""{RecurrenceConfig.__doc__}    embedding_size: width of the vector of each name in a column.
        bidirectional: read sequences from their ends too, and whole instead of by windows.
    """

    hidden_size: int = 64
    num_layers: int = 1
    dropout: float = 0.1
    embedding_size: int = 32
    bidirectional: bool = False

    def __post_init__(self) -> None:
        """Raise InputError for a value out of range."""
        super().__post_init__()
        require(self, "embedding_size", self.embedding_size >= 1, "at least 1")


@dataclass(frozen=True)
class ShortWindowConfig(WindowConfig):
    __doc__ = WindowConfig.__doc__

    rows: int = 16
    steps: int = 50


@dataclass(frozen=True)
class TrainConfig:
    """One run."""

    reading: StepsConfig = group("Data", StepsConfig)
    held_out: HeldOutConfig = group("Held out", HeldOutConfig)
    coding: CodingConfig = group("Values", CodingConfig)
    layers: LayersConfig = group("Network", LayersConfig)
    windows: ShortWindowConfig = group("Windows", ShortWindowConfig)
    training: LearningConfig = group("Training", LearningConfig)


@dataclass(frozen=True)
class EvaluateConfig:
    """What a model is tested on."""

    reading: StepsConfig = group("Data", StepsConfig)
