"""Signs that a run goes wrong, each told once, in a line, while it happens."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from throughtime.training.config import TrainingConfig
from throughtime.training.state import RunState

GROWN = 10.0
"""Times its first size at which a gradient grows, and one over it at which it vanishes."""

STUCK = 1e-3
"""Share of the training loss that it must move by over `PERIODS` validations."""

PERIODS = 3
"""Validations over which a loss or a learning rate is looked at."""


class Watch:
    """Looks at a run from validation to validation; what it saw is in the run's state, as `state.seen`."""

    def __init__(self, config: TrainingConfig, state: RunState) -> None:
        self.config, self.state, self.seen = config, state, state.seen

    def step(self, norm: float) -> None:
        """Take in the norm of a step's gradient, before clipping."""
        self.seen.norms.append(norm)

    def validated(self) -> list[str]:
        """Return what is worth saying after a validation, before the totals since the last one go."""
        self.seen.losses.append(self.state.since_validation.loss)
        found = dict([*self._gradient(), *self._loss(), *self._rate()])
        new = [sign for sign in found if sign not in self.seen.told]
        self.seen.told += new
        return [found[sign] for sign in new]

    def _gradient(self) -> Iterator[tuple[str, str]]:
        if not self.seen.norms:
            return
        now, first = median(self.seen.norms), self.seen.first_norm
        self.seen.norms = []
        if first is None:
            self.seen.first_norm = now
        elif now > GROWN * first:
            yield (
                "growing",
                f"the gradient grows: its norm, {first:.3g} at first, is {now:.3g} now; a lower "
                "learning_rate or clip_norm holds it",
            )
        elif now * GROWN < first and not self._learned():
            yield (
                "vanishing",
                f"the gradient vanishes: its norm, {first:.3g} at first, is {now:.3g} now, and the "
                "loss has hardly fallen",
            )

    def _loss(self) -> Iterator[tuple[str, str]]:
        recent = self.seen.losses[-PERIODS - 1 :]
        if len(recent) > PERIODS and max(recent) - min(recent) < STUCK * abs(recent[0]):
            values = ", ".join(f"{loss:.5g}" for loss in recent)
            yield (
                "stuck",
                f"the training loss has not moved over {PERIODS} validations ({values}); another "
                "learning_rate or initialiser may move it",
            )

    def _learned(self) -> bool:
        """Whether the training loss has fallen by a half since the first validation."""
        return self.seen.losses[-1] < 0.5 * self.seen.losses[0]

    def _rate(self) -> Iterator[tuple[str, str]]:
        if self.config.schedule == "constant" and self.state.stale >= PERIODS:
            yield (
                "rate",
                f"no better {self.config.best_by} for {PERIODS} validations, and the learning rate stays at "
                f"{self.config.learning_rate:g}; schedule plateau, linear or cosine lowers it",
            )
