"""Training of the members one after the other, each in its own folder; finished ones are not repeated."""

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
    """A trained member: its model file and its report's account of the training."""

    name: str
    model: Path
    training: dict[str, Any]

    @property
    def validated(self) -> float:
        """BLEU of the validation; 0 if there was none."""
        return float(self.training["best_metrics"].get("bleu", 0.0))


def train_members(
    members: Sequence[Member], prepared: Prepared, folder: Path, hint: str, console: Console
) -> list[TrainedMember] | None:
    """Train all members on one corpus in folders of their names; return None if interrupted by Ctrl-C.

    hint: the command that continues.
    """
    trained: list[TrainedMember] = []
    for number, member in enumerate(members, 1):
        result = _train(member, prepared, folder / member.name, hint, f"{number} of {len(members)}", console)
        if result is None:
            return None
        trained.append(result)
    return trained


def any_begun(members: Sequence[Member], folder: Path) -> bool:
    """Whether one of the members has begun.

    Raises InputError for a folder that holds a run with other settings.
    """
    begun = [member for member in members if (folder / member.name / SETTINGS).exists()]
    for member in begun:
        place = folder / member.name
        if read_settings(place / SETTINGS) != member.config:
            raise InputError(f"{place} holds a run with other settings: choose another place with --folder")
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
