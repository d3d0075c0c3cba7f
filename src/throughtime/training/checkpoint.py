"""All that a run needs to go on, as one file: tensors as safetensors, the rest as JSON in its metadata."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from throughtime.errors import InputError
from throughtime.training.config import TrainingConfig
from throughtime.training.state import RunState
from throughtime.training.tensors import read_tensors, write_tensors

FORMAT = "throughtime checkpoint 2"


def save_checkpoint(
    path: Path,
    module: nn.Module,
    optimiser: Optimizer,
    state: RunState,
    config: TrainingConfig,
    hint: str = "",
) -> None:
    """Write weights, optimiser and counters to `path`, whole or not at all; `hint` is how to go on from it.

    Of random numbers there is nothing to keep: those of a batch hang on its place in the run alone.
    """
    tensors = {
        **{f"weights.{name}": value for name, value in module.state_dict().items()},
        **{f"optimiser.{name}": value for name, value in _optimiser_tensors(optimiser).items()},
    }
    metadata = {
        "format": FORMAT,
        "state": json.dumps(state.as_json()),
        "config": json.dumps(asdict(config)),
        "hint": hint,
    }
    write_tensors(path, tensors, metadata)


class Checkpoint:
    """A checkpoint that was read: its counters and configuration, and its tensors to put back."""

    def __init__(self, path: Path) -> None:
        """Read `path`; raise InputError where it is missing, damaged or no checkpoint of this version."""
        self.path = path
        self._tensors, self._metadata = read_tensors(path)
        if self._metadata.get("format") != FORMAT:
            found = self._metadata.get("format", "no format name")
            raise InputError(f"{path} is not a checkpoint to resume from: found {found}, expected {FORMAT}")
        self.state = RunState.from_json(json.loads(self._metadata["state"]))
        self.config: dict[str, Any] = json.loads(self._metadata["config"])

    def restore(self, module: nn.Module, optimiser: Optimizer, config: TrainingConfig) -> None:
        """Put weights and optimiser back; raise InputError where they do not fit."""
        if self.config["optimiser"] != config.optimiser:
            was = self.config["optimiser"]
            raise InputError(
                f"optimiser is {config.optimiser}, but {self.path} was made with {was}; expected {was}"
            )
        self._restore_weights(module)
        _restore_optimiser(optimiser, self._part("optimiser."))

    def changes(self, config: TrainingConfig) -> list[str]:
        """Return what the configuration says otherwise than the checkpoint, as "name new (was old)"."""
        now = json.loads(json.dumps(asdict(config)))
        changed = [name for name, old in self.config.items() if now[name] != old]
        return [f"{name} {now[name]} (was {self.config[name]})" for name in changed]

    def _part(self, prefix: str) -> dict[str, Tensor]:
        return {name.removeprefix(prefix): t for name, t in self._tensors.items() if name.startswith(prefix)}

    def _restore_weights(self, module: nn.Module) -> None:
        saved, wanted = self._part("weights."), module.state_dict()
        for name in [*wanted, *saved]:
            found = tuple(saved[name].shape) if name in saved else "none"
            expected = tuple(wanted[name].shape) if name in wanted else "none"
            if found != expected:
                raise InputError(
                    f"{self.path} is of another model: weight {name} has shape {found}, expected {expected}"
                )
        module.load_state_dict(saved)


def _optimiser_tensors(optimiser: Optimizer) -> dict[str, Tensor]:
    """State tensors by "index.name", the index counting parameters over all groups."""
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
