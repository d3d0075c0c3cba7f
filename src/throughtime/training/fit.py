"""The one training loop."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path

import torch
from lightning_fabric import Fabric
from rich.console import Console

from throughtime.errors import InputError
from throughtime.training.config import TrainingConfig
from throughtime.training.keeping import Keeper
from throughtime.training.metrics import METRICS, MetricsLog
from throughtime.training.outcome import Outcome
from throughtime.training.processes import first_does, held_by_first, join, lost_in_one_sentence
from throughtime.training.processors import Processors, ReadUsage, read_usage
from throughtime.training.progress import make_display
from throughtime.training.reporting import Teller
from throughtime.training.run import Interruption, Run
from throughtime.training.state import Pace, RunState, Stopwatch
from throughtime.training.step import Stepper
from throughtime.training.task import Task


def fit(
    task: Task,
    config: TrainingConfig,
    folder: Path | str,
    *,
    resume: bool = False,
    resume_hint: str = "",
    fabric: Fabric | None = None,
    console: Console | None = None,
    clock: Callable[[], float] = time.monotonic,
    usage: ReadUsage = read_usage,
) -> Outcome:
    """Train `task.module` until the budget or the patience is used up, or Ctrl-C; return what came of it.

    `folder` receives metrics.jsonl, best.safetensors, last.safetensors and checkpoint.safetensors. With
    `resume` the run goes on from the checkpoint there, as if it had never stopped. `resume_hint` is the
    command that resumes, printed after an interruption. `fabric` brings devices and processes; without it
    they are as `processes.join` finds them. With several processes the folder is one that all of them see,
    and a step takes `accumulate` batches of each. `clock` gives seconds, `usage` the
    seconds spent on processors and waiting for them. Afterwards the module holds the weights of the last
    step; the best are in the file.

    Raises InputError where the task, the folder or the checkpoint cannot be used or the disk is full, and its
    kind TrainingError where a loss or gradient is not finite.
    """
    if config.best_by not in task.metrics:
        known = ", ".join(task.metrics)
        raise InputError(f"best_by is {config.best_by}; use a validation metric of the task: {known}")
    fabric = fabric or join(config.precision)
    keeper = Keeper(task, config, Path(folder), fabric.is_global_zero, resume_hint)
    console = (console or Console()) if fabric.is_global_zero else Console(quiet=True)
    with (
        _threads(config.threads),
        _disk_full_in_one_sentence(keeper.folder),
        lost_in_one_sentence(fabric, keeper.folder),
        held_by_first(fabric, keeper.folder),
    ):
        first_does(fabric, keeper.require_room)
        stepper = Stepper(task, config, fabric)
        state, notes = _start(stepper, keeper, config, resume)
        keeper.tidy(state)
        with closing(make_display(console, clock)) as display, Interruption() as interruption:
            for note in notes:
                display.line(note)
            stopwatch = Stopwatch(state, clock, fabric)
            processors = Processors(clock, usage)
            log = _open_log(keeper, state)
            if log is not None and log.lost:
                display.line(f"note: {METRICS} had lost the last {log.lost:,} bytes of its lines")
            with closing(Teller(config, state, display, log, processors)) as teller:
                outcome = Run(stepper, keeper, state, teller, stopwatch, interruption).go()
    if outcome.interrupted:
        display.line(_goodbye(outcome, keeper, resume_hint))
    return outcome


def _start(
    stepper: Stepper, keeper: Keeper, config: TrainingConfig, resume: bool
) -> tuple[RunState, list[str]]:
    """Return the state to go on from, and what there is to say about it."""
    processes = stepper.fabric.world_size
    if not resume:
        keeper.start_over()
        return RunState(processes=processes, pace=Pace(stepper.task.unit)), []
    checkpoint = keeper.read()
    checkpoint.restore(stepper.module, stepper.optimiser, config)
    state = checkpoint.state
    _require_one_checkpoint(stepper.fabric, state, keeper.folder)
    changes = checkpoint.changes(config)
    if state.processes != processes:
        changes.append(f"processes {processes} (was {state.processes})")
        state.processes = processes
    told = f"resumed at epoch {state.epochs:.2f}, step {state.step}"
    return state, [f"{told}, with {', '.join(changes)}" if changes else told]


def _require_one_checkpoint(fabric: Fabric, state: RunState, folder: Path) -> None:
    """Raise InputError where the processes went to different files."""
    steps = torch.as_tensor(fabric.all_gather(torch.tensor(state.step, device=fabric.device)))
    if bool((steps != state.step).any()):
        raise InputError(
            f"the processes found different checkpoints in {folder}; expected one folder that all of them see"
        )


def _open_log(keeper: Keeper, state: RunState) -> MetricsLog | None:
    if not keeper.writes:
        return None
    return MetricsLog(keeper.folder, state.log_bytes, state.step, keeper.config.tensorboard)


def _goodbye(outcome: Outcome, keeper: Keeper, hint: str) -> str:
    saved = f"Stopped at step {outcome.step}; {keeper.last} and {keeper.checkpoint.name} are saved."
    return f"{saved} To go on: {hint}" if hint else saved


@contextmanager
def _threads(number: int) -> Generator[None]:
    before = torch.get_num_threads()
    if number:
        torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _disk_full_in_one_sentence(folder: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise InputError(
            f"the disk of {folder} is full; what was saved before is whole, free some space and resume"
        ) from error
