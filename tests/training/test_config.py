"""Defaults and ranges of the training configuration."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from throughtime.errors import InputError
from throughtime.training.config import TrainingConfig


def test_every_field_has_its_line_of_help() -> None:
    documented = re.findall(r"^    (\w+)\n        \S", TrainingConfig.__doc__ or "", re.MULTILINE)
    assert documented == [field.name for field in dataclasses.fields(TrainingConfig)]


def test_the_defaults_are_within_their_own_ranges() -> None:
    assert TrainingConfig().halving_start_epoch == 5
    assert TrainingConfig().halving_every == 0.5


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("learning_rate", 0.0, "learning_rate is 0.0; expected above 0"),
        ("max_epochs", -1, "max_epochs is -1; expected above 0"),
        ("accumulate", 0, "accumulate is 0; expected above 0"),
        ("clip_norm", -5.0, "clip_norm is -5.0; expected 0 or more"),
        ("max_minutes", -1.0, "max_minutes is -1.0; expected 0 or more"),
        ("plateau_factor", 1.0, "plateau_factor is 1.0; expected between 0 and 1"),
        ("betas", (0.9, 1.0), "betas is (0.9, 1.0); expected two numbers from 0 to below 1"),
        ("average_decay", 1.0, "average_decay is 1.0; expected 0 or more and below 1"),
        ("average_decay", -0.1, "average_decay is -0.1; expected 0 or more and below 1"),
        ("average_decay", float("nan"), "average_decay is nan; expected 0 or more and below 1"),
        ("learning_rate", float("nan"), "learning_rate is nan; expected above 0"),
    ],
)
def test_a_value_out_of_range_is_named(field: str, value: object, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        TrainingConfig(**{field: value})
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (dict(momentum=0.9), "momentum is 0.9, but optimiser is adam; expected sgd"),
        (
            dict(optimiser="sgd", betas=(0.5, 0.9)),
            "betas is given, but optimiser is sgd; expected adam or adamw",
        ),
        (dict(plateau_patience=3), "plateau_patience is 3, but schedule is constant; expected plateau"),
        (
            dict(schedule="cosine", halving_every=0.25),
            "halving_every is 0.25, but schedule is cosine; expected halving",
        ),
    ],
)
def test_a_setting_of_no_effect_is_refused(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        TrainingConfig(**settings)
    assert str(error.value) == sentence
