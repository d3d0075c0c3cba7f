"""What a run came to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from throughtime.training.budget import Ending

_REASONS = {
    "epochs": "all epochs are done",
    "minutes": "the time was used up",
    "patience": "validations no longer improved",
    "interrupt": "it was interrupted",
}


@dataclass(frozen=True)
class Outcome:
    """How a run ended, and its best model."""

    model: Path  # the best model: best.safetensors, or last.safetensors where no validation was reached
    stopped: Ending
    step: int
    epochs: float
    minutes: float
    best_step: int
    best_metrics: dict[str, float]  # validation metrics of the best model; empty before the first validation
    averaged: bool  # whether the best model is the average of the last validated weights
    shortfall: str = ""  # why the model is not done, as part of a sentence; "" where it is
    larger_budget: str = ""  # where it is not, the option that gives the run more: "--max-minutes 35"

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C or SIGTERM ended the run."""
        return self.stopped == "interrupt"

    def sentence(self) -> str:
        """Return how the run ended, what speaks against its model, and how good that is."""
        epochs = f"{self.epochs:.1f}" if self.epochs >= 1 else f"{self.epochs:.2g}"
        ended = f"training ended after {epochs} epochs and {self.minutes:.1f} minutes"
        parts = [f"{ended} because {_REASONS[self.stopped]}", self.shortfall, self._best()]
        return "; ".join(part for part in parts if part)

    def _best(self) -> str:
        figures = ", ".join(f"{name} {value:.4g}" for name, value in self.best_metrics.items())
        made = "an average of the last weights" if self.averaged else f"step {self.best_step}"
        return f"best: {made} ({figures})" if figures else ""
