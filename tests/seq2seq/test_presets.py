"""The presets, as far as a promise hangs on them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from throughtime.seq2seq.presets import PRESETS
from throughtime.training.budget import ending, progress
from throughtime.training.config import TrainingConfig
from throughtime.training.state import RunState


def phrasebook() -> TrainingConfig:
    names = {field.name for field in fields(TrainingConfig)}
    chosen: dict[str, Any] = {name: value for name, value in PRESETS["phrasebook"].items() if name in names}
    return TrainingConfig(**chosen)


def test_the_demo_ends_after_epochs_on_a_machine_eight_times_as_slow() -> None:
    config, minutes_an_epoch = phrasebook(), 8 * 3.5 / 13.65
    last = RunState(epoch=13, minutes=13 * minutes_an_epoch)
    assert ending(config, last) is None
    assert ending(config, RunState(epoch=14, minutes=14 * minutes_an_epoch)) == "epochs"
    assert progress(config, last) == 13 / 14  # so that the learning rate falls as on an idle machine


def test_the_last_validation_of_the_demo_is_a_regular_one() -> None:
    config = phrasebook()
    assert config.max_epochs % config.validate_every == 0
