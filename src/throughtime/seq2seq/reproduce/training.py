"""The members of a reproduction, trained one after the other; what is trained already is left alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from throughtime.application.application import Member
from throughtime.application.folder import SETTINGS, read_report, read_settings
from throughtime.application.processes import join
from throughtime.application.workflow import Workflow, claimed
from throughtime.errors import InputError
from throughtime.seq2seq.application import APPLICATION
from throughtime.seq2seq.config import TrainConfig
from throughtime.seq2seq.data.prepare import Prepared


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
    members: Sequence[Member[TrainConfig]], prepared: Prepared, folder: Path, hint: str, console: Console
) -> list[TrainedMember] | None:
    """Return all members, trained on one corpus in folders of their names; None where Ctrl-C came.

    `hint` is the command that resumes.
    """
    fabric = join(members[0].config.training.precision)
    with claimed(fabric, folder):
        places = Workflow(APPLICATION, fabric, console, hint, tests=False).members(members, prepared, folder)
    if places is None:
        return None
    return [_trained(name, place) for name, place in places.items()]


def any_begun(members: Sequence[Member[TrainConfig]], folder: Path) -> bool:
    """Say whether one of the members is there already.

    Raises:
        InputError: a folder holds a run with other settings.
    """
    begun = [member for member in members if (folder / member.name / SETTINGS).exists()]
    for member in begun:
        place = folder / member.name
        if read_settings(place / SETTINGS, TrainConfig) != member.config:
            raise InputError(f"{place} holds a run with other settings: choose another place with --folder")
    return bool(begun)


def _trained(name: str, place: Path) -> TrainedMember:
    training = (read_report(place) or {})["training"]
    return TrainedMember(name, place / Path(training["model"]).name, training)
