"""How the end of a run is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from throughtime.training.outcome import Outcome

LEARNED: dict[str, Any] = dict(
    model=Path("best.safetensors"),
    stopped="epochs",
    step=4298,
    epochs=14.0,
    minutes=3.61,
    best_step=4298,
    best_metrics={"loss": 0.1015, "bleu": 99.34},
    averaged=False,
)


def test_a_model_that_is_done() -> None:
    assert Outcome(**LEARNED).sentence() == (
        "training ended after 14.0 epochs and 3.6 minutes because all epochs are done; "
        "best: step 4298 (loss 0.1015, bleu 99.34)"
    )
    assert Outcome(**{**LEARNED, "averaged": True, "stopped": "patience"}).sentence() == (
        "training ended after 14.0 epochs and 3.6 minutes because validations no longer improved; "
        "best: an average of the last weights (loss 0.1015, bleu 99.34)"
    )


def test_a_model_that_has_not_learned() -> None:
    short = dict(stopped="minutes", epochs=0.4, best_metrics={"bleu": 4.0}, best_step=120)
    against = "the model has not learned enough: it has seen 0.4 of one epoch"
    assert Outcome(**{**LEARNED, **short}, shortfall=against).sentence() == (
        "training ended after 0.4 epochs and 3.6 minutes because the time was used up; "
        f"{against}; best: step 120 (bleu 4)"
    )
