"""Whether a run that ended had learned."""

from __future__ import annotations

from typing import Any

import pytest

from throughtime.training.budget import Ending
from throughtime.training.config import TrainingConfig
from throughtime.training.outcome import larger_budget, shortfall
from throughtime.training.state import Pace, RunState
from throughtime.training.task import Floor

BY_MINUTES = TrainingConfig(max_minutes=3.5, max_epochs=100)
FLOOR = Floor("a model that guesses", {"loss": 2.5, "accuracy": 30.0})


def state(epochs: float, loss: float = 1.0, **values: Any) -> RunState:
    whole = int(epochs)
    place = dict(epoch=whole, batch=round(100 * (epochs - whole)), epoch_batches=100, minutes=3.5)
    return RunState(**{**place, "best": loss, "best_metrics": {"loss": loss, "accuracy": 40.0}, **values})


def judged(
    state: RunState,
    stopped: Ending = "minutes",
    floor: Floor | None = None,
    waiting: float = 0.0,
    config: TrainingConfig = BY_MINUTES,
) -> str:
    return shortfall(config, state, stopped, floor, waiting, {"loss": "min", "accuracy": "max"})


def test_a_run_that_learned_has_no_shortfall() -> None:
    assert judged(state(13.6), floor=FLOOR) == ""
    assert judged(state(1.0), floor=FLOOR) == ""
    assert judged(state(0.5), "epochs", FLOOR) == ""


def test_less_than_an_epoch_is_not_enough() -> None:
    assert judged(state(0.42)) == "the model has not learned enough: it has seen 0.42 of one epoch"


@pytest.mark.parametrize("stopped", ["minutes", "epochs", "patience"])
def test_a_score_at_the_floor_is_named(stopped: Ending) -> None:
    assert judged(state(3, loss=2.5), stopped, FLOOR) == (
        "the model has not learned: loss 2.5 is no better than the 2.5 of a model that guesses"
    )
    assert judged(state(3, loss=2.49), stopped, FLOOR) == ""


def test_the_metric_that_chooses_is_compared_where_the_floor_has_it() -> None:
    config = TrainingConfig(best_by="accuracy", max_minutes=3.5)
    overfitted = state(3, loss=9.0)
    assert judged(overfitted, floor=FLOOR, config=config) == ""
    overfitted.best_metrics["accuracy"] = 30.0
    assert judged(overfitted, floor=FLOOR, config=config) == (
        "the model has not learned: accuracy 30 is no better than the 30 of a model that guesses"
    )
    without = Floor("a model that guesses", {"loss": 2.5})
    assert "loss 9 is no better than the 2.5" in judged(overfitted, floor=without, config=config)


def test_all_reasons_are_given() -> None:
    slow = state(0.4, loss=3.0, pace=Pace("words", all_units=9_000, all_seconds=10.0, fastest=30_000.0))
    assert judged(slow, floor=FLOOR) == (
        "the model has not learned: it has seen 0.4 of one epoch, and loss 3 is no better than the 2.5 of a "
        "model that guesses, and it trained at 900 words/s, far below the 30,000 it reached"
    )
    assert judged(state(0.4), waiting=0.3) == (
        "the model has not learned enough: it has seen 0.4 of one epoch, and no processor was free 30% of "
        "the time"
    )


def test_a_slow_run_that_was_still_improving_is_not_done() -> None:
    pace = Pace("words", all_units=90_000, all_seconds=10.0, fastest=30_000.0)
    assert judged(state(3, pace=pace)) == (
        "the model was still improving: it trained at 9,000 words/s, far below the 30,000 it reached"
    )
    assert judged(state(3), waiting=0.6) == (
        "the model was still improving: no processor was free 60% of the time"
    )
    assert judged(state(3, pace=pace, stale=1), waiting=0.6) == ""
    assert judged(state(3, pace=pace), "epochs", waiting=0.6) == ""


def test_the_larger_budget_is_enough() -> None:
    assert larger_budget(BY_MINUTES, state(0.5), "minutes") == "--max-minutes 70"
    few = TrainingConfig(max_minutes=3.5, max_epochs=2)
    assert larger_budget(few, state(0.5), "minutes") == "--max-minutes 14"
    assert larger_budget(BY_MINUTES, state(30), "minutes") == "--max-minutes 7"
    assert larger_budget(TrainingConfig(max_epochs=0.5), state(0.5), "epochs") == "--max-epochs 2"
    assert larger_budget(TrainingConfig(patience=3), state(9), "patience") == "--patience 6"


def test_a_floor_without_a_metric_of_the_task_is_not_compared() -> None:
    config = TrainingConfig(best_by="error", max_minutes=3.5)
    floor, reached = Floor("the mean", {"loss": 2.5}), state(3, loss=9.0)
    assert shortfall(config, reached, "epochs", floor, 0.0, {"error": "min"}) == ""
