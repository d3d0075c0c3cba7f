"""One run of training: its epochs and steps."""

from __future__ import annotations

import os
import signal
import threading
from itertools import chain
from types import FrameType
from typing import Any

import torch

from throughtime.errors import InputError
from throughtime.training.budget import Ending, ending, progress, validation_due
from throughtime.training.keeping import Keeper
from throughtime.training.non_finite import TrainingError
from throughtime.training.outcome import Outcome, larger_budget, shortfall
from throughtime.training.prefetch import prepared_ahead
from throughtime.training.processes import first_does
from throughtime.training.reporting import Teller
from throughtime.training.schedules import Moment, learning_rate
from throughtime.training.state import RunState, Stopwatch
from throughtime.training.step import Group, NotFinite, Stepper
from throughtime.training.validation import Validator

_STDERR = 2


class Interruption:
    """Context in which the first SIGINT or SIGTERM only sets `asked`; the second acts as usual.

    Outside of the main thread, where Python handles no signals, it changes nothing.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) not in (signal.SIG_IGN, None):  # nohup and the like stay in force
                    self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        self._restore()
        # print() may be the very call that the signal cut in two; a plain write is safe
        os.write(_STDERR, b"\nStopping after this batch; Ctrl-C again stops at once and saves nothing.\n")


class Run:
    """A run that continues from a state."""

    def __init__(
        self,
        stepper: Stepper,
        keeper: Keeper,
        state: RunState,
        teller: Teller,
        stopwatch: Stopwatch,
        interruption: Interruption,
    ) -> None:
        self.stepper, self.keeper, self.state, self.teller = stepper, keeper, state, teller
        self.stopwatch, self.interruption = stopwatch, interruption
        self.config, self.fabric = stepper.config, stepper.fabric
        self.validator = Validator(stepper, keeper, state, teller, stopwatch)

    def go(self) -> Outcome:
        """Train to the end; return how it ended."""
        self.state.finished = False
        self.stepper.module.train()
        while (stopped := self._ending()) is None:
            self._epoch()
        if stopped == "interrupt":
            self.keeper.save_last(self.stepper.optimiser, self.state)
        else:
            self.validator.finish()
        return self._outcome(stopped)

    def _epoch(self) -> None:
        """Train to the end of the current epoch, or of the run."""
        epoch = self.state.epoch
        batches = self.stepper.task.batches(epoch)
        self._count_batches(len(batches))
        steps = self._steps_left()
        numbers = chain.from_iterable(map(self.stepper.own, steps))
        with prepared_ahead(batches, numbers, self.config.workers) as prepared:
            for step in steps:
                if self._ending() is not None:
                    break
                self._step(Group(prepared, step, epoch))

    def _steps_left(self) -> list[range]:
        """Return the numbers of the batches of each step that is left of the current epoch."""
        state, size = self.state, self.config.accumulate * self.fabric.world_size
        starts = range(state.batch, state.epoch_batches, size)
        return [range(start, min(start + size, state.epoch_batches)) for start in starts]

    def _count_batches(self, number: int) -> None:
        state = self.state
        if not number:
            raise InputError(f"epoch {state.epoch + 1} has no batch; expected one or more")
        if state.batch and number != state.epoch_batches:
            raise InputError(
                f"epoch {state.epoch + 1} has {number} batches, but had {state.epoch_batches} when the run "
                "stopped; expected the same data"
            )
        state.epoch_batches = number

    def _step(self, group: Group) -> None:
        state, before = self.state, self.state.epochs
        rate = learning_rate(self.config, self._moment())
        try:
            step = self.stepper.step(group, rate)
        except NotFinite as reason:
            error = self._stopped_by(reason, group.numbers)
            raise (error if self.fabric.is_global_zero else SystemExit(1)) from None
        state.advance(len(group.numbers))
        self.stepper.average.update(state.step)
        seconds = self.stopwatch.lap()
        for totals in (state.since_log, state.since_validation):
            totals.add(step.total, step.count, step.units, seconds)
        state.pace.add(step.units, seconds)
        self.teller.step(step, rate)
        self.validator.watch.step(step.norm)
        if validation_due(self.config, before, state):
            self.validator.validate()
        elif self.config.checkpoint_minutes and self._since_saved() >= self.config.checkpoint_minutes:
            self.keeper.save_last(self.stepper.optimiser, state)

    def _since_saved(self) -> float:
        """Return the minutes since the last checkpoint."""
        return self.state.minutes - self.state.saved_minutes

    def _moment(self) -> Moment:
        state = self.state
        return Moment(state.step + 1, state.epochs, progress(self.config, state), state.reductions)

    def _stopped_by(self, reason: NotFinite, numbers: range) -> TrainingError:
        """Save the weights of the last good step; return the error that says so."""
        state, last = self.state, self.keeper.last
        self.keeper.save_last(self.stepper.optimiser, state)
        place = f"batch {numbers[0] + 1}"
        if len(numbers) > 1:
            place = f"batches {numbers[0] + 1} to {numbers[-1] + 1}"
        return TrainingError(
            f"training stopped at epoch {state.epoch + 1}, {place}, step {state.step + 1}: {reason}; "
            f"the weights of the last good step ({state.step}) are kept in {last}"
        )

    def _ending(self) -> Ending | None:
        return "interrupt" if self._interrupted() else ending(self.config, self.state)

    def _interrupted(self) -> bool:
        """Return whether any process was asked to stop."""
        if self.fabric.world_size == 1:
            return self.interruption.asked
        asked = torch.tensor(float(self.interruption.asked), device=self.fabric.device)
        return bool(self.fabric.all_reduce(asked, reduce_op="sum"))

    def _outcome(self, stopped: Ending) -> Outcome:
        state, keeper = self.state, self.keeper
        against = self._shortfall(stopped)
        return Outcome(
            model=keeper.last if state.best is None else keeper.best,
            stopped=stopped,
            step=state.step,
            epochs=state.epochs,
            minutes=state.minutes,
            best_step=state.best_step,
            best_metrics=state.best_metrics,
            averaged=state.best_is_average,
            shortfall=against,
            larger_budget=larger_budget(self.config, state, stopped) if against else "",
        )

    def _shortfall(self, stopped: Ending) -> str:
        """Return what speaks against the model, as judged by the first process."""
        if stopped == "interrupt":
            return ""
        task, waiting = self.stepper.task, self.teller.processors.whole()

        def judged() -> str:
            return shortfall(self.config, self.state, stopped, task.floor(), waiting, task.metrics)

        return first_does(self.fabric, judged)
