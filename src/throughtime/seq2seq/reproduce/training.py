"""Trains the members one after the other, each in its own folder; what is there already is not done again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from throughtime.errors import InputError
from throughtime.seq2seq.config import TrainConfig
from throughtime.seq2seq.reproduce.plan import Member
from throughtime.seq2seq.train import REPORT, SETTINGS, begin_run, continue_run, read_settings

DATA = "data"
"""Folder of the corpus, which all members share."""


@dataclass(frozen=True)
class TrainedMember:
    """A member that is trained: its model file and what its report says of the training."""

    name: str
    model: Path
    training: dict[str, Any]

    @property
    def validated(self) -> float:
        """BLEU of the validation; 0 where there was none."""
        return float(self.training["best_metrics"].get("bleu", 0.0))


def train_members(
    members: Sequence[Member], folder: Path, hint: str, console: Console
) -> list[TrainedMember] | None:
    """All members, trained in folders of their names; None where Ctrl-C ended it. `hint` goes on.

    Raises InputError, before any training, for a folder that holds a run with other settings.
    """
    for member in members:
        _check(folder / member.name, member.config)
    trained: list[TrainedMember] = []
    for number, member in enumerate(members, 1):
        one = _train(member, folder / member.name, hint, f"{number} of {len(members)}", console)
        if one is None:
            return None
        trained.append(one)
    return trained


def _check(folder: Path, config: TrainConfig) -> None:
    path = folder / SETTINGS
    if path.exists() and read_settings(path) != config:
        raise InputError(f"{folder} holds a run with other settings; --folder takes another place")


def _train(member: Member, folder: Path, hint: str, number: str, console: Console) -> TrainedMember | None:
    data = folder.parent / DATA
    if not (folder / REPORT).exists():
        console.rule(f"{number}: {member.name}", align="left")
        started = (folder / SETTINGS).exists() and (folder / "checkpoint.safetensors").exists()
        outcome = (
            continue_run(folder, hint, console, tests=False, data=data)
            if started
            else begin_run(member.config, folder, hint, console, tests=False, data=data)
        )
        if outcome.interrupted:
            return None
    training = json.loads((folder / REPORT).read_text(encoding="utf-8"))["training"]
    return TrainedMember(member.name, folder / Path(training["model"]).name, training)
