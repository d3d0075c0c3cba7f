"""Counters of a run."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from throughtime.training.state import RunState, Totals, is_better


@given(st.lists(st.integers(1, 3), min_size=1, max_size=30), st.integers(1, 7))
def test_advancing_counts_every_batch(groups: list[int], length: int) -> None:
    state = RunState(epoch_batches=length)
    done = 0
    for wanted in groups:
        batches = min(wanted, length - state.batch)
        state.advance(batches)
        done += batches
        assert state.epoch * length + state.batch == done
        assert state.batch < length
    assert state.step == len(groups)


def test_epochs_are_told_in_parts() -> None:
    assert RunState(epoch=2, batch=1, epoch_batches=4).epochs == 2.25


def test_the_state_survives_json() -> None:
    state = RunState(step=3, best=1.5, best_metrics={"loss": 1.5}, snapshots=[1, 3])
    state.since_log.add(2.0, 4, 40, 0.5)
    assert RunState.from_json(json.loads(json.dumps(state.as_json()))) == state


def test_totals_give_mean_loss_and_speed() -> None:
    totals = Totals()
    assert (totals.loss, totals.units_per_second) == (0.0, 0.0)
    totals.add(total=6.0, count=2, units=10, seconds=2.0)
    totals.add(total=6.0, count=4, units=30, seconds=3.0)
    assert (totals.loss, totals.units_per_second) == (2.0, 8.0)


def test_losses_are_better_low_and_scores_high() -> None:
    assert is_better("min", 1.0, None)
    assert is_better("min", 1.0, 2.0)
    assert not is_better("min", 2.0, 2.0)
    assert is_better("max", 2.0, 1.0)
    assert not is_better("max", 1.0, 1.0)
    assert not is_better("min", 3.0, 2.0)
