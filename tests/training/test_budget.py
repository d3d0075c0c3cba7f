"""How far a run is and when it ends."""

from __future__ import annotations

import pytest

from throughtime.training.budget import ending, progress, time_left, validation_due
from throughtime.training.config import TrainingConfig
from throughtime.training.state import RunState


def at(epochs: float, **values: float) -> RunState:
    whole = int(epochs)
    return RunState(epoch=whole, batch=round((epochs - whole) * 100), epoch_batches=100, **values)


def test_progress_is_that_of_the_budget_that_ends_first() -> None:
    config = TrainingConfig(max_epochs=4, max_minutes=10)
    assert progress(config, at(1, minutes=1)) == 0.25
    assert progress(config, at(1, minutes=5)) == 0.5
    assert progress(config, at(1, minutes=50)) == 1.0
    assert progress(TrainingConfig(max_epochs=4), at(2, minutes=50)) == 0.5


def test_each_ending_has_its_name() -> None:
    config = TrainingConfig(max_epochs=7.5, max_minutes=10, patience=3)
    assert ending(config, at(7.49)) is None
    assert ending(config, at(7.5)) == "epochs"
    assert ending(config, at(1, minutes=10)) == "minutes"
    assert ending(config, at(1, stale=2)) is None
    assert ending(config, at(1, stale=3)) == "patience"


def test_zero_sets_no_limit() -> None:
    assert ending(TrainingConfig(max_epochs=9), at(1, minutes=1e9, stale=10**6)) is None


@pytest.mark.parametrize(("every", "number"), [(1.0, 7), (0.5, 5), (0.1, 10), (0.3, 10), (2.0, 3), (1.5, 4)])
def test_validations_by_epochs_are_never_missed_nor_doubled(every: float, number: int) -> None:
    config, state, due = TrainingConfig(validate_every=every), RunState(epoch_batches=number), 0
    for _ in range(6 * number):
        before = state.epochs
        state.advance(1)
        due += validation_due(config, before, state)
    assert due == round(6 / every)


def test_validations_by_steps() -> None:
    config = TrainingConfig(validate_every=3, validate_unit="steps")
    assert [s for s in range(1, 10) if validation_due(config, 0.0, RunState(step=s))] == [3, 6, 9]


def test_time_left_at_this_pace() -> None:
    config = TrainingConfig(max_epochs=4)
    assert time_left(config, at(1, minutes=2)) == "6m00s"
    assert time_left(config, at(0)) == ""
    assert time_left(TrainingConfig(max_epochs=4, max_minutes=3), at(1, minutes=2)) == "1m00s"


def test_time_left_when_patience_may_end_it_sooner() -> None:
    config = TrainingConfig(max_epochs=40, patience=3)
    assert time_left(config, at(4, minutes=4, validations=4, stale=1)) == "2m00s to 36m00s"
    assert time_left(config, at(4, minutes=4, validations=4, stale=0)) == "36m00s"
