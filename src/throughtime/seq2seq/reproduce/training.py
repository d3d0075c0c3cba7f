"""Trains the members one after the other, each in its own folder; what is there already is not done again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from throughtime.errors import InputError
from throughtime.seq2seq.data.prepare import Prepared
from throughtime.seq2seq.reproduce.plan import Member
from throughtime.seq2seq.train import REPORT, SETTINGS, begin_run, continue_run, read_settings, settings_of


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
    members: Sequence[Member], prepared: Prepared, folder: Path, hint: str, console: Console
) -> list[TrainedMember] | None:
    """All members, trained on one corpus in folders of their names; None where Ctrl-C ended it.

    `hint` goes on.
    """
    trained: list[TrainedMember] = []
    for number, member in enumerate(members, 1):
        one = _train(member, prepared, folder / member.name, hint, f"{number} of {len(members)}", console)
        if one is None:
            return None
        trained.append(one)
    return trained


def any_begun(members: Sequence[Member], folder: Path) -> bool:
    """Whether one of the members is there already.

    Raises InputError for a folder that holds a run with other settings.
    """
    begun = [member for member in members if (folder / member.name / SETTINGS).exists()]
    for member in begun:
        place = folder / member.name
        if read_settings(place / SETTINGS) != member.config:
            raise InputError(f"{place} holds a run with other settings; --folder takes another place")
    return bool(begun)


def _train(
    member: Member, prepared: Prepared, folder: Path, hint: str, number: str, console: Console
) -> TrainedMember | None:
    if not (folder / REPORT).exists():
        console.rule(f"{number}: {member.name}", align="left")
        started = (folder / SETTINGS).exists() and (folder / "checkpoint.safetensors").exists()
        outcome = (
            continue_run(settings_of(folder), folder, hint, console, tests=False, prepared=prepared)
            if started
            else begin_run(member.config, folder, hint, console, tests=False, prepared=prepared)
        )
        if outcome.interrupted:
            return None
    training = json.loads((folder / REPORT).read_text(encoding="utf-8"))["training"]
    return TrainedMember(member.name, folder / Path(training["model"]).name, training)
