"""Signs that a run goes wrong, and runs that have none."""

from __future__ import annotations

from typing import Any

import pytest

from throughtime.training.config import TrainingConfig
from throughtime.training.state import RunState, Totals
from throughtime.training.warning_signs import Watch


def told(
    norms: list[float], losses: list[float], stale: list[int] | None = None, **settings: Any
) -> list[list[str]]:
    """What is said at each validation; one norm stands for all steps before it."""
    state, found = RunState(), []
    watch = Watch(TrainingConfig(**settings), state)
    for number, (norm, loss) in enumerate(zip(norms, losses, strict=True)):
        for size in (norm, norm, 100 * norm):  # a single large one does not count
            watch.step(size)
        state.since_validation = Totals(total=loss, count=1)
        state.stale = stale[number] if stale else 0
        found.append(watch.validated())
        state = RunState.from_json(state.as_json())  # a resumption changes nothing
        watch = Watch(watch.config, state)
    return found


def test_a_run_that_learns_is_left_alone() -> None:
    assert told([1.0, 2.0, 0.5, 0.08], [4.0, 3.0, 2.0, 1.0]) == [[]] * 4


def test_a_gradient_that_grows_is_told_once() -> None:
    found = told([1.0, 5.0, 11.0, 30.0], [4.0, 3.0, 3.5, 6.0])
    assert found == [
        [],
        [],
        ["the gradient grows: its norm, 1 at first, is 11 now; a lower learning_rate or clip_norm holds it"],
        [],
    ]


def test_a_gradient_that_vanishes_before_anything_is_learned() -> None:
    (first, (text,)) = told([1.0, 0.01], [4.0, 3.99])
    assert first == []
    assert text.startswith("the gradient vanishes: its norm, 1 at first, is 0.01 now")


def test_a_loss_that_rises_does_not_stand_still() -> None:
    assert told([1.0] * 5, [2.0, 3.0, 4.0, 5.0, 6.0]) == [[]] * 5


def test_a_loss_that_stands_still() -> None:
    found = told([1.0] * 5, [4.0, 3.9, 3.9, 3.8995, 3.9001])
    assert found[:4] == [[]] * 4
    assert found[4] == [
        "the training loss has not moved over 3 validations (3.9, 3.9, 3.8995, 3.9001); another "
        "learning_rate or initialiser may move it"
    ]


@pytest.mark.parametrize("schedule", ["constant", "linear"])
def test_a_learning_rate_that_never_falls(schedule: str) -> None:
    found = told([1.0] * 4, [4.0, 3.0, 2.0, 1.0], [0, 1, 2, 3], schedule=schedule, best_by="bleu")
    expected = (
        "no better bleu for 3 validations, and the learning rate stays at 0.001; schedule plateau, linear or "
        "cosine lowers it"
    )
    assert found == [[], [], [], [expected] if schedule == "constant" else []]
