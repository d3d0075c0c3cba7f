"""Validations: metrics, the best model, the files that are kept."""

from __future__ import annotations

import math

import torch

from throughtime.errors import InputError
from throughtime.training.keeping import Keeper
from throughtime.training.non_finite import TrainingError
from throughtime.training.processes import first_does
from throughtime.training.reporting import Teller
from throughtime.training.state import RunState, Stopwatch, is_better
from throughtime.training.step import Stepper
from throughtime.training.warning_signs import Watch


class Validator:
    """Validates the model, then the mean of its last validated weights, and keeps the best of them."""

    def __init__(
        self, stepper: Stepper, keeper: Keeper, state: RunState, teller: Teller, stopwatch: Stopwatch
    ) -> None:
        self.stepper, self.keeper, self.state = stepper, keeper, state
        self.teller, self.stopwatch = teller, stopwatch
        self.best_by, self.watch = stepper.config.best_by, Watch(stepper.config, state)

    def validate(self) -> None:
        """Validate the weights of this step, averaged or not; update best model, patience and plateau."""
        state = self.state
        with self.stepper.average.applied():
            metrics = self._measured()
            state.validations, state.validated_step = state.validations + 1, state.step
            better = is_better(self.stepper.task.metrics[self.best_by], metrics[self.best_by], state.best)
            if better:
                self._take_as_best(metrics, average=False)
            else:
                self._count_as_stale()
        warnings = self.watch.validated()
        self.teller.validation(metrics, better)
        for text in warnings:
            self.teller.warning(text)
        self.keeper.save_validated(self.stepper.optimiser, state)
        self.stopwatch.lap()

    def finish(self) -> None:
        """Validate the last weights and the average, each unless it was validated before."""
        state = self.state
        if state.validated_step != state.step:
            self.validate()
        if len(state.snapshots) > 1 and state.averaged_step != state.step and state.best is not None:
            self._try_average(state.best)
        state.finished = True
        self.keeper.save_last(self.stepper.optimiser, state)

    def _measured(self) -> dict[str, float]:
        """Return the validation metrics of the model as it stands, computed by the first process."""
        metrics = first_does(self.stepper.fabric, self._metrics)
        self.stopwatch.lap()
        return metrics

    def _metrics(self) -> dict[str, float]:
        module = self.stepper.module.eval()
        with torch.no_grad():
            metrics = self.stepper.task.validate()
        module.train()
        if self.best_by not in metrics:
            returned = ", ".join(metrics) or "no metric"
            raise InputError(
                f"validation at step {self.state.step} returned {returned}, but best_by is {self.best_by}; "
                f"let `validate` of the task return {self.best_by}, or choose another best_by"
            )
        if not math.isfinite(metrics[self.best_by]):
            raise TrainingError(
                f"validation at step {self.state.step} gave {self.best_by} {metrics[self.best_by]}, which "
                f"is not finite; the files in {self.keeper.folder} are those of the validation before"
            )
        return metrics

    def _take_as_best(self, metrics: dict[str, float], *, average: bool) -> None:
        state = self.state
        state.stale = state.plateau_stale = 0
        state.best, state.best_step = metrics[self.best_by], state.step
        state.best_metrics, state.best_is_average = metrics, average
        self.keeper.save_best()

    def _count_as_stale(self) -> None:
        state = self.state
        state.stale, state.plateau_stale = state.stale + 1, state.plateau_stale + 1
        if state.plateau_stale >= self.stepper.config.plateau_patience:
            state.plateau_stale, state.reductions = 0, state.reductions + 1

    def _try_average(self, best_before: float) -> None:
        """Validate the mean of the last validated weights; it becomes the best model where it is better."""
        module, state, keeper = self.stepper.module, self.state, self.keeper
        last = {name: value.clone() for name, value in keeper.weights.items()}
        self.stepper.fabric.barrier()  # the first process wrote the snapshots that all read
        module.load_state_dict(keeper.snapshots.mean(state.snapshots))
        metrics = self._measured()
        better = is_better(self.stepper.task.metrics[self.best_by], metrics[self.best_by], best_before)
        if better:
            self._take_as_best(metrics, average=True)
        module.load_state_dict(last)
        state.averaged_step = state.step
        self.teller.average(metrics, better, best_before)
