"""The training loop of all applications."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import torch
from lightning_fabric import Fabric
from rich.console import Console

from throughtime.errors import InputError
from throughtime.training.config import TrainingConfig
from throughtime.training.keeping import Keeper
from throughtime.training.metrics import METRICS, MetricsLog
from throughtime.training.outcome import Outcome
from throughtime.training.processes import first_does, gathered, lost_in_one_sentence
from throughtime.training.processors import Processors, ReadUsage, read_usage
from throughtime.training.progress import make_display
from throughtime.training.reporting import Teller
from throughtime.training.run import Interruption, Run
from throughtime.training.state import Pace, RunState, Stopwatch
from throughtime.training.step import Stepper
from throughtime.training.task import Task, load_tensors


def fit(
    task: Task,
    config: TrainingConfig,
    folder: Path | str,
    *,
    fabric: Fabric,
    resume: bool = False,
    resume_hint: str = "",
    console: Console | None = None,
    clock: Callable[[], float] = time.monotonic,
    usage: ReadUsage = read_usage,
) -> Outcome:
    """Train `task.module` until the budget or the patience is used up, or Ctrl-C; return how it ended.

    Afterwards the module holds the weights of the last step, also where their moving average is what was
    validated and saved; the best are in the file of the outcome.

    Args:
        task: the model with its data, its loss and its metrics.
        config: settings of the run.
        folder: receives metrics.jsonl, best.safetensors, last.safetensors and checkpoint.safetensors. Several
            processes share one folder. The caller keeps other runs out of it (`application.lock.held`).
        fabric: device, precision and processes of the run. A step takes `accumulate` batches in each process.
        resume: continue from the checkpoint in the folder, to the same bits as without the stop.
        resume_hint: the command that resumes, printed after an interruption.
        console: where progress is printed, by the first process only.
        clock: returns seconds.
        usage: returns the seconds that this process ran and waited for a processor.

    Raises:
        InputError: the task, the folder or the checkpoint cannot be used, or the disk is full.
        TrainingError: a loss or gradient is not finite, or another process has died.
    """
    if config.best_by not in task.metrics:
        known = ", ".join(task.metrics)
        raise InputError(f"best_by is {config.best_by}; use a validation metric of the task: {known}")
    folder, gather = Path(folder), partial(gathered, fabric)
    console = (console or Console()) if fabric.is_global_zero else Console(quiet=True)
    with (
        _threads(config.threads),
        _disk_full_in_one_sentence(folder),
        lost_in_one_sentence(fabric, folder),
    ):
        stepper = Stepper(task, config, fabric)
        keeper = Keeper(task, config, folder, fabric.is_global_zero, resume_hint, gather, stepper.average)
        first_does(fabric, keeper.require_room)
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
    """Return the state to continue from, and lines to print about it."""
    fabric, processes = stepper.fabric, stepper.fabric.world_size
    if not resume:
        keeper.start_over()
        return RunState(processes=processes, pace=Pace(stepper.task.unit)), []
    checkpoint = keeper.read()
    state = checkpoint.state
    _require_one_checkpoint(fabric, state, keeper.folder)
    checkpoint.require_tensors_for(stepper.task, processes)
    checkpoint.restore(stepper.module, stepper.optimiser, config)
    stepper.average.load_tensors(checkpoint.averages())
    own = checkpoint.task_tensors(fabric.global_rank)
    load_tensors(stepper.task, {name: tensor.to(fabric.device) for name, tensor in own.items()})
    changes = checkpoint.changes(config)
    if state.processes != processes:
        changes.append(f"processes {processes} (was {state.processes})")
        state.processes = processes
    place = f"resumed at epoch {state.epochs:.2f}, step {state.step}"
    return state, [f"{place}, with {', '.join(changes)}" if changes else place]


def _require_one_checkpoint(fabric: Fabric, state: RunState, folder: Path) -> None:
    """Raise InputError where the processes read different files."""
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
