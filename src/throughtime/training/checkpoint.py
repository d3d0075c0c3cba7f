"""The state of a run in one sealed file: tensors, and JSON in its metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from throughtime.artefact.file import written_whole
from throughtime.artefact.sealed import REPAIR, read_fields, read_sealed, seal
from throughtime.errors import InputError
from throughtime.training.config import TrainingConfig
from throughtime.training.optimisers import grouping_of
from throughtime.training.state import RunState
from throughtime.training.task import HasTensors, Task


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write tensors, strings and their digest to `path`; tensors that share memory are written once each.

    `artefact.sealed.read_sealed` reads them back.
    """
    apart = {name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}
    data = seal(apart, metadata)
    with written_whole(path) as unfinished:
        unfinished.write_bytes(data)


FORMAT = "throughtime checkpoint 4"
CHECKPOINT = "checkpoint"


def save_checkpoint(
    path: Path,
    module: nn.Module,
    optimiser: Optimizer,
    state: RunState,
    config: TrainingConfig,
    hint: str = "",
    task_tensors: Sequence[Mapping[str, Tensor]] = (),
    averages: Mapping[str, Tensor] | None = None,
) -> None:
    """Write weights, optimiser, counters and the task's own tensors to `path`, whole or not at all.

    `hint` is the command that resumes from it; `task_tensors` are those of each process; `averages` are those
    of the weights, where there are any. No generator state is saved: random seeds are derived from (seed,
    epoch, batch).
    """
    tensors = {
        **{f"weights.{name}": value for name, value in module.state_dict().items()},
        **{f"optimiser.{name}": value for name, value in _optimiser_tensors(optimiser).items()},
        **{f"average.{name}": value for name, value in (averages or {}).items()},
    }
    for rank, own in enumerate(task_tensors):
        tensors |= {f"task.{rank}.{name}": value for name, value in own.items()}
    metadata = {
        "groups": json.dumps(grouping_of(module, optimiser)),
        "format": FORMAT,
        "state": json.dumps(state.as_json()),
        "config": json.dumps(asdict(config)),
        "hint": hint,
    }
    write_tensors(path, tensors, metadata)


class Checkpoint:
    """A checkpoint read from a file: counters, configuration and tensors."""

    def __init__(self, path: Path) -> None:
        """Read `path` and check it against its digest.

        Raises:
            InputError: the file is missing, damaged or not a checkpoint of this version.
        """
        self.path = path
        self._tensors, metadata = read_sealed(path, CHECKPOINT, partial(_accept, path))
        self.state = RunState.from_json(json.loads(metadata["state"]))
        self.config: dict[str, Any] = json.loads(metadata["config"])
        self._grouping: dict[str, str] = json.loads(metadata["groups"])

    def restore(self, module: nn.Module, optimiser: Optimizer, config: TrainingConfig) -> None:
        """Put weights and optimiser back; raise InputError, and change nothing, where they do not fit."""
        if self.config["optimiser"] != config.optimiser:
            was = self.config["optimiser"]
            raise InputError(
                f"optimiser is {config.optimiser}, but {self.path} was made with {was}; expected {was}"
            )
        self._require_weights_of(module)
        self._require_grouping(grouping_of(module, optimiser))
        module.load_state_dict(self._part("weights."))
        _restore_optimiser(optimiser, self._part("optimiser."))

    def require_tensors_for(self, task: Task, processes: int) -> None:
        """Raise InputError where the task, or this number of processes, cannot take the task's tensors."""
        if not self._part("task."):
            return
        if not isinstance(task, HasTensors):
            names = ", ".join(self.task_tensors(0))
            raise InputError(
                f"{self.path} holds tensors of its task ({names}), but this task has none; resume with the "
                "task that the run began with"
            )
        if self.state.processes != processes:
            raise InputError(
                f"{self.path} holds the task's tensors of each process, of which there were "
                f"{self.state.processes} and are {processes}; resume with {self.state.processes}"
            )

    def task_tensors(self, rank: int) -> dict[str, Tensor]:
        """Return the tensors that the task had in the process of this rank."""
        return self._part(f"task.{rank}.")

    def averages(self) -> dict[str, Tensor]:
        """Return the moving averages of the weights by the names of their parameters; none without decay."""
        return self._part("average.")

    def changes(self, config: TrainingConfig) -> list[str]:
        """Return the settings that differ from the checkpoint's, as "name new (was old)"."""
        now = json.loads(json.dumps(asdict(config)))
        changed = [name for name, old in self.config.items() if now[name] != old]
        return [f"{name} {now[name]} (was {self.config[name]})" for name in changed]

    def _part(self, prefix: str) -> dict[str, Tensor]:
        return {name.removeprefix(prefix): t for name, t in self._tensors.items() if name.startswith(prefix)}

    def _require_weights_of(self, module: nn.Module) -> None:
        saved, wanted = self._part("weights."), module.state_dict()
        for name in [*wanted, *saved]:
            shape = tuple(saved[name].shape) if name in saved else "none"
            expected = tuple(wanted[name].shape) if name in wanted else "none"
            if shape != expected:
                raise InputError(
                    f"{self.path} is of another model: weight {name} has shape {shape}, expected {expected}"
                )

    def _require_grouping(self, grouping: Mapping[str, str]) -> None:
        """Raise InputError where the parameters are not in the groups, or the order, of the checkpoint."""
        saved = self._grouping
        changed = [name for name in {**saved, **grouping} if saved.get(name) != grouping.get(name)]
        if not changed and list(saved) == list(grouping):
            return
        change = "their order is another"
        if changed:
            name = changed[0]
            change = f"{name} is {grouping.get(name, 'frozen')}, was {saved.get(name, 'frozen')}"
        raise InputError(
            f"{self.path} was made with other groups of parameters: {change}; resume with the groups that "
            "the run began with"
        )


def read_metadata(path: Path) -> dict[str, str]:
    """Return the metadata of a checkpoint from its header alone, without checking the digest.

    Raises:
        InputError: the file is missing, or not a checkpoint of this version.
    """
    metadata = read_fields(path, CHECKPOINT)
    _accept(path, metadata)
    return metadata


def _accept(path: Path, metadata: Mapping[str, Any]) -> None:
    if (format := metadata.get("format", "no format name")) != FORMAT:
        raise InputError(
            f"{path} is not a checkpoint to resume from: its format is {format!r}, expected {FORMAT!r}; "
            f"{REPAIR}"
        )


def _optimiser_tensors(optimiser: Optimizer) -> dict[str, Tensor]:
    """Return state tensors by "index.name"; the index counts parameters over all groups."""
    state: dict[int, dict[str, Any]] = optimiser.state_dict()["state"]
    return {
        f"{index}.{name}": value
        for index, values in state.items()
        for name, value in values.items()
        if isinstance(value, Tensor)
    }


def _restore_optimiser(optimiser: Optimizer, tensors: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
