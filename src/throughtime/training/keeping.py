"""The files of a run: models, snapshots for averaging, and the checkpoint to resume from."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from torch import Tensor
from torch.optim import Optimizer

from throughtime.errors import InputError
from throughtime.training.averaging import MovingAverage, Snapshots
from throughtime.training.checkpoint import Checkpoint, save_checkpoint
from throughtime.training.config import TrainingConfig
from throughtime.training.optimisers import moments
from throughtime.training.state import RunState
from throughtime.training.task import Task, tensors_of

Gather: TypeAlias = Callable[[dict[str, Tensor]], list[dict[str, Tensor]]]
"""Takes tensors of this process; returns those of all processes, in the order of their ranks."""


class Keeper:
    """Writes the files of one run, each whole or not at all; only the first of several processes writes.

    hint: the command that resumes the run, stored in its checkpoint. gather: by default there is one process.
    average: what is saved in place of the weights; by default these are.
    """

    def __init__(
        self,
        task: Task,
        config: TrainingConfig,
        folder: Path,
        writes: bool,
        hint: str = "",
        gather: Gather = lambda tensors: [tensors],
        average: MovingAverage | None = None,
    ) -> None:
        self.task, self.config, self.folder, self.writes, self.hint = task, config, folder, writes, hint
        self._gather = gather
        self.average = average or MovingAverage(task.module, 0.0)
        self.best, self.last = folder / "best.safetensors", folder / "last.safetensors"
        self.checkpoint = folder / "checkpoint.safetensors"
        self.snapshots = Snapshots(folder / "snapshots")
        if writes:
            _make(folder)

    @property
    def weights(self) -> dict[str, Tensor]:
        """The weights of the model as it stands."""
        return {name: value.detach() for name, value in self.task.module.state_dict().items()}

    def require_room(self) -> None:
        """Raise InputError, with the sum, where the disk has no room for the files of the run."""
        model = sum(value.nbytes for value in self.weights.values())
        own = sum(value.nbytes for value in tensors_of(self.task).values())
        checkpoint = (1 + moments(self.config) + bool(self.config.average_decay)) * model + own
        parts = {
            "best and last model": 2 * model,
            "checkpoint, old and new": 2 * checkpoint,
            "average_last": _at_most(self.config.average_last) * model,
            "keep_checkpoints": _at_most(self.config.keep_checkpoints) * model,
        }
        there = sum(path.stat().st_size for path in self._written())
        require_room(self.folder, parts, there)

    def _written(self) -> list[Path]:
        """Return the files of the run that exist."""
        return [*self._numbered(), *filter(Path.exists, (self.best, self.last, self.checkpoint))]

    def _numbered(self) -> list[Path]:
        """Return the models and snapshots of single steps."""
        places = self.folder, self.snapshots.folder
        return [path for place in places for path in place.glob("step-*.safetensors")]

    def start_over(self) -> None:
        """Remove the checkpoint of an earlier run, so that it is not taken for one of this run."""
        if self.writes:
            self.checkpoint.unlink(missing_ok=True)
            self.snapshots.clear()

    def tidy(self, state: RunState) -> None:
        """Remove what a killed run left: half-written files, and numbered files unknown to its state."""
        if self.writes:
            known = {*map(self._model, state.models), *map(self.snapshots.path, state.snapshots)}
            for path in [*self.folder.rglob(".*.part"), *self._numbered()]:
                if path not in known:
                    path.unlink()

    def read(self) -> Checkpoint:
        """Read the checkpoint; raise InputError where there is none."""
        return Checkpoint(self.checkpoint)

    def save_best(self) -> None:
        """Write the model as it stands as the best."""
        if self.writes:
            self.task.save_model(self.best, self.weights)

    def save_last(self, optimiser: Optimizer, state: RunState) -> None:
        """Write the model as the last, averaged where there is an average, and the checkpoint."""
        state.saved_minutes = state.minutes
        own = self._task_tensors()
        if self.writes:
            with self.average.applied():
                self.task.save_model(self.last, self.weights)
            self._save_checkpoint(optimiser, state, own)

    def _save_checkpoint(
        self, optimiser: Optimizer, state: RunState, own: Sequence[Mapping[str, Tensor]]
    ) -> None:
        """Write the weights that training goes on with, their average, and all else that it needs."""
        module, averages = self.task.module, self.average.tensors()
        save_checkpoint(self.checkpoint, module, optimiser, state, self.config, self.hint, own, averages)

    def _task_tensors(self) -> list[dict[str, Tensor]]:
        """Return the task's own tensors in each process."""
        return self._gather({name: tensor.cpu() for name, tensor in tensors_of(self.task).items()})

    def save_validated(self, optimiser: Optimizer, state: RunState) -> None:
        """Write the files of a validation; remove outdated ones once the checkpoint is written."""
        state.snapshots.append(state.step)
        state.models.append(state.step)
        old_snapshots = _drop_all_but(state.snapshots, self.config.average_last)
        old_models = _drop_all_but(state.models, self.config.keep_checkpoints)
        if self.writes:
            with self.average.applied():
                self._save_numbered(state)
        self.save_last(optimiser, state)
        if self.writes:
            _remove(old_snapshots, self.snapshots.path)
            _remove(old_models, self._model)

    def _save_numbered(self, state: RunState) -> None:
        if state.snapshots:
            self.snapshots.keep(state.step, self.weights)
        if state.models:
            self.task.save_model(self._model(state.step), self.weights)

    def _model(self, step: int) -> Path:
        return self.folder / f"step-{step:06d}.safetensors"


def _at_most(keep: int) -> int:
    """Return how many of the last `keep` files exist at a time: the checkpoint is written before one goes."""
    return keep + 1 if keep else 0


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise InputError(f"{folder} cannot hold the run: {error.strerror}; expected a folder") from None


def _drop_all_but(steps: list[int], keep: int) -> list[int]:
    """Shorten `steps` to its last `keep`; return the others."""
    dropped = steps[: max(len(steps) - keep, 0)]
    del steps[: len(dropped)]
    return dropped


def _remove(steps: list[int], path: Callable[[int], Path]) -> None:
    for step in steps:
        path(step).unlink(missing_ok=True)


def require_room(folder: Path, parts: Mapping[str, int], there: int) -> None:
    """Raise InputError, with the sum, where the disk of `folder` cannot hold these bytes, named by their use.

    there: bytes of files in the folder that will be written over.
    """
    needed, free = sum(parts.values()) - there, shutil.disk_usage(folder).free
    if needed > free:
        uses = ", ".join(f"{name} {in_bytes(size)}" for name, size in parts.items() if size)
        raise InputError(
            f"the run will need {in_bytes(needed)} more on the disk of {folder}, where {in_bytes(free)} are "
            f"free: {uses}"
        )


def in_bytes(count: int) -> str:
    """Return a number of bytes as "12 MiB" or "1.5 GiB"."""
    return f"{count / (1 << 30):.1f} GiB" if count >= 1 << 30 else f"{count / (1 << 20):.0f} MiB"
