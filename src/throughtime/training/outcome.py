"""What a run came to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Outcome:
    """How a run ended, and its best model."""

    model: Path  # the best model: best.safetensors, or last.safetensors where no validation was reached
    stopped: Literal["epochs", "minutes", "patience", "interrupt"]
    step: int
    epochs: float
    minutes: float
    best_step: int
    best_metrics: dict[str, float]  # validation metrics of the best model; empty before the first validation
    averaged: bool  # whether the best model is the average of the last validated weights

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C or SIGTERM ended the run."""
        return self.stopped == "interrupt"
