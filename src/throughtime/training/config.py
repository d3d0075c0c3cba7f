"""The settings of a training run and their defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from throughtime.settings import require, require_effect

Optimiser = Literal["adam", "adamw", "sgd"]
ScheduleName = Literal["constant", "plateau", "inverse_sqrt", "halving", "linear", "cosine"]
Precision = Literal["32-true", "bf16-mixed"]
Better = Literal["min", "max"]
"""Whether lower or higher values of a metric are better."""

_POSITIVE = (
    "learning_rate",
    "max_epochs",
    "validate_every",
    "halving_every",
    "accumulate",
    "log_every",
    "plateau_patience",
)
_NOT_NEGATIVE = (
    "weight_decay",
    "momentum",
    "warmup_steps",
    "halving_start_epoch",
    "clip_norm",
    "max_minutes",
    "patience",
    "average_last",
    "keep_checkpoints",
    "checkpoint_minutes",
    "workers",
    "threads",
)

SEEDS = 2**63
"""Seeds are below this; torch takes no other."""


@dataclass(frozen=True)
class TrainingConfig:
    """How a model is trained, whatever the application.

    Attributes
    ----------
    optimiser
        rule that turns gradients into steps.
    learning_rate
        learning rate at its highest, before the schedule lowers it.
    weight_decay
        pull of the weights towards zero: decoupled in adamw, added to the gradient in adam and sgd.
    betas
        decay rates of the two moving averages of adam and adamw.
    momentum
        momentum of sgd; 0 is plain gradient descent.
    schedule
        how the learning rate changes; linear and cosine fall to zero over the budget of epochs or minutes.
    warmup_steps
        steps over which the learning rate first rises in a straight line; 0 starts at its full height.
    plateau_patience
        validations without improvement before schedule plateau lowers the learning rate.
    plateau_factor
        what schedule plateau multiplies the learning rate by.
    halving_start_epoch
        epochs after which schedule halving halves the learning rate for the first time.
    halving_every
        epochs between two halvings.
    clip_norm
        largest norm of the gradient; a longer one is scaled down to it. 0 never clips.
    max_epochs
        passes over the training data, fractions allowed.
    max_minutes
        minutes of training, validations included, after which the run ends; 0 sets no limit.
    validate_every
        distance between two validations, fractions of an epoch allowed.
    validate_unit
        what validate_every counts: epochs or steps.
    best_by
        validation metric that decides which model is best.
    patience
        validations without improvement after which the run ends; 0 never ends it early.
    average_decay
        decay of a moving average of the weights, updated at every step, which is what is validated and saved;
        0 for none.
    average_last
        how many of the last validated weights are averaged into a last candidate for the best; 0 for none.
    keep_checkpoints
        how many of the last validated models to keep as files of their own.
    checkpoint_minutes
        minutes after which a checkpoint is written between validations too; 0 writes none there.
    accumulate
        batches whose gradients are added up for one step.
    precision
        number format: 32-true, or bf16-mixed for products in bfloat16.
    seed
        seed of all random numbers of the run.
    workers
        threads that prepare batches ahead; 0 prepares each batch when it is needed.
    threads
        processor threads that torch uses; 0 leaves torch's own choice.
    log_every
        steps between two lines of training metrics.
    tensorboard
        also write the metrics for TensorBoard.
    """

    optimiser: Optimiser = "adam"
    learning_rate: float = 0.001
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    momentum: float = 0.0
    schedule: ScheduleName = "constant"
    warmup_steps: int = 0
    plateau_patience: int = 1
    plateau_factor: float = 0.5
    halving_start_epoch: float = 5.0
    halving_every: float = 0.5
    clip_norm: float = 1.0
    max_epochs: float = 10.0
    max_minutes: float = 0.0
    validate_every: float = 1.0
    validate_unit: Literal["epochs", "steps"] = "epochs"
    best_by: str = "loss"
    patience: int = 0
    average_decay: float = 0.0
    average_last: int = 0
    keep_checkpoints: int = 0
    checkpoint_minutes: float = 10.0
    accumulate: int = 1
    precision: Precision = "32-true"
    seed: int = 1
    workers: int = 0
    threads: int = 0
    log_every: int = 50
    tensorboard: bool = False

    def __post_init__(self) -> None:
        """Raise InputError when a value lies outside of its range or is of no effect beside another."""
        for name in _POSITIVE:
            require(self, name, getattr(self, name) > 0, "above 0")
        for name in _NOT_NEGATIVE:
            require(self, name, getattr(self, name) >= 0, "0 or more")
        require(self, "seed", 0 <= self.seed < SEEDS, "0 or more and below 2**63")
        require(self, "plateau_factor", 0 < self.plateau_factor < 1, "between 0 and 1")
        require(self, "average_decay", 0 <= self.average_decay < 1, "0 or more and below 1")
        require(self, "betas", all(0 <= beta < 1 for beta in self.betas), "two numbers from 0 to below 1")
        require_effect(self, ("momentum",), "optimiser", ("sgd",))
        require_effect(self, ("betas",), "optimiser", ("adam", "adamw"))
        require_effect(self, ("plateau_patience", "plateau_factor"), "schedule", ("plateau",))
        require_effect(self, ("halving_start_epoch", "halving_every"), "schedule", ("halving",))
