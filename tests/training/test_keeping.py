"""The files of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from throughtime.errors import InputError
from throughtime.training import keeping
from throughtime.training.config import TrainingConfig
from throughtime.training.keeping import Keeper
from throughtime.training.optimisers import groups_of, make_optimiser
from throughtime.training.state import RunState


def validated(keeper: Keeper, steps: list[int]) -> RunState:
    """The state after validations at these steps, the first weight being the step."""
    state, module = RunState(), keeper.task.module
    optimiser = make_optimiser(keeper.config, groups_of(keeper.task))
    for state.step in steps:
        module[0].weight.data.fill_(state.step)
        keeper.save_validated(optimiser, state)
    return state


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_only_the_last_few_are_kept(make_task: Any, tmp_path: Path) -> None:
    config = TrainingConfig(average_last=2, keep_checkpoints=1)
    keeper = Keeper(make_task(), config, tmp_path, writes=True)
    state = validated(keeper, [10, 20, 30])
    assert (state.snapshots, state.models) == ([20, 30], [30])
    assert names(tmp_path) == [
        "checkpoint.safetensors",
        "last.safetensors",
        "snapshots/step-000020.safetensors",
        "snapshots/step-000030.safetensors",
        "step-000030.safetensors",
    ]
    assert keeper.snapshots.mean(state.snapshots)["0.weight"].unique().tolist() == [25.0]
    for name in ("step-000030", "last"):
        weights = safetensors.torch.load_file(tmp_path / f"{name}.safetensors")
        assert weights["0.weight"].unique().tolist() == [30.0]


def test_nothing_is_kept_unasked(make_task: Any, tmp_path: Path) -> None:
    keeper = Keeper(make_task(), TrainingConfig(), tmp_path, writes=True)
    state = validated(keeper, [10, 20])
    assert (state.snapshots, state.models) == ([], [])
    assert names(tmp_path) == ["checkpoint.safetensors", "last.safetensors"]


def test_the_checkpoint_knows_what_is_kept(make_task: Any, tmp_path: Path) -> None:
    keeper = Keeper(make_task(), TrainingConfig(average_last=2), tmp_path, writes=True)
    assert validated(keeper, [10, 20, 30]) == keeper.read().state


def test_only_one_of_several_processes_writes(make_task: Any, tmp_path: Path) -> None:
    config = TrainingConfig(average_last=2, keep_checkpoints=2)
    keeper = Keeper(make_task(), config, tmp_path / "run", writes=False)
    state = validated(keeper, [10, 20])
    keeper.save_best()
    keeper.start_over()
    assert state.snapshots == [10, 20]
    assert not (tmp_path / "run").exists()


def test_starting_over_removes_the_checkpoint_but_no_model(make_task: Any, tmp_path: Path) -> None:
    keeper = Keeper(make_task(), TrainingConfig(average_last=2), tmp_path, writes=True)
    validated(keeper, [10, 20])
    keeper.start_over()
    assert names(tmp_path) == ["last.safetensors"]


def test_weights_are_those_of_the_model_as_it_stands(make_task: Any, tmp_path: Path) -> None:
    task = make_task()
    weights = Keeper(task, TrainingConfig(), tmp_path, writes=True).weights
    assert all(torch.equal(weights[name], value) for name, value in task.module.state_dict().items())


def test_a_folder_that_cannot_be_made_is_named(make_task: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path, reason in ((tmp_path / "file", "File exists"), (tmp_path / "file/run", "Not a directory")):
        with pytest.raises(InputError) as error:
            Keeper(make_task(), TrainingConfig(), path, writes=True)
        assert str(error.value) == f"{path} cannot hold the run: {reason}; expected a folder"


def test_what_a_killed_run_left_is_tidied(make_task: Any, tmp_path: Path) -> None:
    config = TrainingConfig(average_last=1, keep_checkpoints=1)
    keeper = Keeper(make_task(), config, tmp_path, writes=True)
    state = validated(keeper, [10])
    before = names(tmp_path)
    for name in (".best.safetensors.1f.part", "step-000020.safetensors", "snapshots/step-000020.safetensors"):
        (tmp_path / name).write_bytes(b"")
    keeper.tidy(state)
    assert names(tmp_path) == before


def test_room_is_asked_for_before_the_run(
    make_task: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = Keeper(make_task(), TrainingConfig(average_last=2, keep_checkpoints=1), tmp_path, writes=True)
    model = sum(value.nbytes for value in keeper.weights.values())
    asked: list[Any] = []
    monkeypatch.setattr(keeping, "require_room", lambda *given: asked.append(given))
    keeper.require_room()
    folder, parts, there = asked[0]
    assert (folder, there) == (tmp_path, 0)
    assert sum(parts.values()) == (2 + 2 * 3 + 3 + 2) * model
    validated(keeper, [10, 20])
    keeper.require_room()
    assert asked[1][2] == sum(path.stat().st_size for path in tmp_path.rglob("*.safetensors"))
    Keeper(make_task(), TrainingConfig(average_decay=0.9), tmp_path, writes=True).require_room()
    assert sum(asked[2][1].values()) == (2 + 2 * 4) * model
