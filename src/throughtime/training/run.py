"""One run of training: epochs, steps, validations, and what is written and shown about them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import torch

from throughtime.errors import InputError
from throughtime.training.budget import Ending, ending, progress, time_left, validation_due
from throughtime.training.health import TrainingError
from throughtime.training.interrupt import Interruption
from throughtime.training.keeping import Keeper
from throughtime.training.metrics import MetricsLog
from throughtime.training.outcome import Outcome
from throughtime.training.progress import Display, Glance, in_words
from throughtime.training.schedules import Moment, learning_rate
from throughtime.training.state import RunState, Totals, is_better
from throughtime.training.step import NotFinite, Step, Stepper


class Run:
    """A run from its state to its end."""

    def __init__(
        self,
        stepper: Stepper,
        keeper: Keeper,
        state: RunState,
        display: Display,
        interruption: Interruption,
        clock: Callable[[], float],
    ) -> None:
        self.stepper, self.keeper, self.state = stepper, keeper, state
        self.task, self.config, self.fabric = stepper.task, stepper.config, stepper.fabric
        self.display, self.interruption, self.clock = display, interruption, clock
        self.log = None
        if keeper.writes:
            self.log = MetricsLog(keeper.folder, state.log_bytes, state.step, self.config.tensorboard)
        self._started = self._marked = clock()
        self._minutes_before = state.minutes

    def go(self) -> Outcome:
        """Train to the end; return the outcome."""
        self.stepper.module.train()
        while (stopped := self._ending()) is None:
            self._epoch()
        if stopped == "interrupt":
            self.keeper.save_last(self.stepper.optimiser, self.state)
        else:
            self._finish()
        return self._outcome(stopped)

    def close(self) -> None:
        """Write out the metrics."""
        if self.log is not None:
            self.log.close()

    # ---- stepping

    def _epoch(self) -> None:
        """Train to the end of the running epoch, or of the run."""
        epoch, processes = self.state.epoch, self.fabric.world_size
        batches = self.task.batches(epoch)
        self._count_batches(len(batches) // processes)  # the same number for each process
        first = self.fabric.global_rank + self.state.batch * processes
        mine = islice(batches, first, self.state.epoch_batches * processes, processes)
        for group in _groups(mine, self.config.accumulate):
            self._step(group)
            if self._ending() is not None:
                return
        if self.state.epoch == epoch:
            raise InputError(f"Epoch {epoch + 1} ended after {self.state.batch} batches, before its length.")

    def _count_batches(self, number: int) -> None:
        state = self.state
        if not number:
            raise InputError(f"Epoch {state.epoch + 1} has no batch for each process; expected one or more.")
        if state.batch and number != state.epoch_batches:
            raise InputError(
                f"Epoch {state.epoch + 1} has {number} batches, but had {state.epoch_batches} when the run "
                "stopped; expected the same data."
            )
        state.epoch_batches = number

    def _step(self, group: list[Any]) -> None:
        before = self.state.epochs
        rate = learning_rate(self.config, self._moment())
        try:
            step = self.stepper.step(group, rate)
        except NotFinite as reason:
            raise self._stopped_by(reason, len(group)) from None
        self.state.advance(len(group))
        self._count(step)
        if self.state.step % self.config.log_every == 0:
            self._log_training(step, rate)
        self.display.show(self._glance())
        if validation_due(self.config, before, self.state):
            self._validate()

    def _moment(self) -> Moment:
        state = self.state
        return Moment(state.step + 1, state.epochs, progress(self.config, state), state.reductions)

    def _count(self, step: Step) -> None:
        now = self.clock()
        for totals in (self.state.since_log, self.state.since_validation):
            totals.add(step.total, step.count, step.words, now - self._marked)
        self._marked = now
        self._tell_time()

    def _tell_time(self) -> None:
        minutes = self._minutes_before + (self.clock() - self._started) / 60
        self.state.minutes = self.fabric.broadcast(minutes)  # all processes end at the same step

    def _stopped_by(self, reason: NotFinite, batches: int) -> TrainingError:
        """Save the weights of the last good step; return the error that tells of it."""
        state, last = self.state, self.keeper.last
        self.keeper.save_last(self.stepper.optimiser, state)
        first = state.batch + 1
        place = f"batch {first}" if batches == 1 else f"batches {first} to {first + batches - 1}"
        return TrainingError(
            f"Training stopped at epoch {state.epoch + 1}, {place}, step {state.step + 1}: {reason}; "
            f"the weights of the last good step ({state.step}) are kept in {last}."
        )

    def _ending(self) -> Ending | None:
        asked = self.fabric.world_size > 1 and self._anyone_asked()
        return "interrupt" if asked or self.interruption.asked else ending(self.config, self.state)

    def _anyone_asked(self) -> bool:
        asked = torch.tensor(float(self.interruption.asked), device=self.fabric.device)
        return bool(self.fabric.all_reduce(asked, reduce_op="sum"))

    # ---- validating

    def _validate(self) -> None:
        metrics = self._measured()
        state, optimiser = self.state, self.stepper.optimiser
        state.validations, state.validated_step = state.validations + 1, state.step
        better = is_better(self.config.watch, metrics[self.config.watch], state.best)
        self._remember(metrics, better)
        self._log("validation", {**metrics, "best": better})
        self.display.line(self._validation_line(metrics, better))
        state.since_validation = Totals()
        if better:
            self.keeper.save_best()
        self.keeper.save_validated(optimiser, state)
        self._marked = self.clock()

    def _measured(self) -> dict[str, float]:
        """Return the validation metrics of the model as it stands."""
        module, watch = self.stepper.module, self.config.watch
        module.eval()
        with torch.no_grad():
            metrics = self.task.validate()
        module.train()
        self._tell_time()
        if watch not in metrics:
            raise InputError(f"watch is {watch}; expected a validation metric: {', '.join(sorted(metrics))}.")
        if not math.isfinite(metrics[watch]):
            raise TrainingError(
                f"Validation at step {self.state.step} gave {watch} {metrics[watch]}, which is not finite; "
                f"the files in {self.keeper.folder} are those of the validation before."
            )
        return metrics

    def _remember(self, metrics: dict[str, float], better: bool) -> None:
        state, config = self.state, self.config
        state.stale = 0 if better else state.stale + 1
        state.plateau_stale = 0 if better else state.plateau_stale + 1
        if state.plateau_stale >= config.plateau_patience:
            state.plateau_stale, state.reductions = 0, state.reductions + 1
        if better:
            state.best, state.best_step = metrics[config.watch], state.step
            state.best_metrics, state.best_is_average = metrics, False

    def _finish(self) -> None:
        """Validate the last weights and the average, each unless it was done."""
        state = self.state
        if state.validated_step != state.step:
            self._validate()
        if len(state.snapshots) > 1 and state.averaged_step != state.step:
            self._try_average()

    def _try_average(self) -> None:
        """Validate the mean of the last validated weights; it becomes the best model where it is better."""
        state, keeper, watch = self.state, self.keeper, self.config.watch
        last = {name: value.clone() for name, value in keeper.weights.items()}
        self.stepper.module.load_state_dict(keeper.snapshots.mean(state.snapshots))
        metrics, old = self._measured(), state.best
        state.averaged_step = state.step
        better = is_better(watch, metrics[watch], old)
        if better:
            self._remember(metrics, better)
            state.best_is_average = True
            keeper.save_best()
        self._log("average", {**metrics, "best": better})
        holds = "the average" if better else f"the model of step {state.best_step}"
        verdict = "better than" if better else "no better than"
        self.display.line(
            f"average of the last {len(state.snapshots)} validated weights: {_figures(metrics)}, {verdict} "
            f"{watch} {old:.4g}; best.safetensors holds {holds}"
        )
        self.stepper.module.load_state_dict(last)
        keeper.save_last(self.stepper.optimiser, state)

    # ---- telling

    def _log_training(self, step: Step, rate: float) -> None:
        totals = self.state.since_log
        values = {
            "loss": totals.loss,
            "learning_rate": rate,
            "gradient_norm": step.norm,
            "words_per_second": totals.words_per_second,
        }
        self._log("train", values)
        self.state.since_log = Totals()

    def _log(self, event: str, values: dict[str, Any]) -> None:
        state = self.state
        where = {"step": state.step, "epoch": state.epochs, "minutes": state.minutes}
        if self.log is not None:
            state.log_bytes = self.log.write(event, {**where, **values})

    def _validation_line(self, metrics: dict[str, float], better: bool) -> str:
        state, totals = self.state, self.state.since_validation
        parts = [
            f"epoch {state.epochs:.4g}",
            f"step {state.step}",
            f"train loss {totals.loss:.3f}",
            f"val {_figures(metrics)}",
            "best" if better else "",
            f"{totals.words_per_second:,.0f} words/s",
            in_words(state.minutes),
        ]
        return "  ".join(part for part in parts if part)

    def _glance(self) -> Glance:
        state, totals = self.state, self.state.since_validation
        best = "" if state.best is None else f"{self.config.watch} {state.best:.4g}"
        left = time_left(self.config, state)
        return Glance(
            state.epochs, progress(self.config, state), totals.loss, totals.words_per_second, left, best
        )

    def _outcome(self, stopped: Ending) -> Outcome:
        state, keeper = self.state, self.keeper
        return Outcome(
            model=keeper.last if state.best is None else keeper.best,
            stopped=stopped,
            step=state.step,
            epochs=state.epochs,
            minutes=state.minutes,
            best_step=state.best_step,
            best_metrics=state.best_metrics,
            averaged=state.best_is_average,
        )


def _groups(batches: Iterable[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(batches)
    while group := list(islice(rest, size)):
        yield group


def _figures(metrics: dict[str, float]) -> str:
    """ "loss 2.051  bleu 31.2": the loss first, the others in their order."""
    rest = [f"{name} {value:.4g}" for name, value in metrics.items() if name != "loss"]
    return "  ".join([f"loss {metrics['loss']:.3f}", *rest] if "loss" in metrics else rest)
