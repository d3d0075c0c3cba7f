"""The lines of a run, on screen and in metrics.jsonl."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from throughtime.training.config import TrainingConfig
from throughtime.training.metrics import MetricsLog
from throughtime.training.processors import Processors
from throughtime.training.progress import PlainDisplay
from throughtime.training.reporting import Teller
from throughtime.training.state import Pace, RunState, Totals
from throughtime.training.step import StepResult

TOTALS = {"total": 231.0, "count": 100, "units": 8420, "seconds": 2.0}

IDLE = Processors(lambda: 0.0, lambda: None)


def teller(console: Console, folder: Path, state: RunState, **settings: object) -> Teller:
    log = MetricsLog(folder, keep_bytes=0, step=0, tensorboard=False)
    return Teller(TrainingConfig(**settings), state, PlainDisplay(console), log, IDLE)


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text("utf-8").splitlines()]


def test_one_line_a_validation(console: Console, tmp_path: Path) -> None:
    state = RunState(step=912, epoch=3, minutes=6.2, pace=Pace("words"), since_validation=Totals(**TOTALS))
    teller(console, tmp_path, state).validation({"bleu": 31.234, "loss": 2.05}, better=True)
    assert console.file.getvalue() == (
        "epoch 3  step 912  train loss 2.310  val loss 2.050  bleu 31.23  best  4,210 words/s  6m12s\n"
    )
    assert lines(tmp_path) == [
        {
            "event": "validation",
            "step": 912,
            "epoch": 3.0,
            "minutes": 6.2,
            "bleu": 31.234,
            "loss": 2.05,
            "best": True,
        }
    ]
    assert state.since_validation == Totals()
    assert state.log_bytes == (tmp_path / "metrics.jsonl").stat().st_size


def test_metrics_of_training_come_every_few_steps(console: Console, tmp_path: Path) -> None:
    state = RunState(epoch_batches=10, pace=Pace("words"))
    tells = teller(console, tmp_path, state, log_every=2)
    for norm in (1.0, 2.0, 3.0):
        state.advance(1)
        state.since_log.add(**TOTALS)
        tells.step(StepResult(1.0, 1, 1, norm), rate=0.5)
    assert lines(tmp_path) == [
        {
            "event": "train",
            "step": 2,
            "epoch": 0.2,
            "minutes": 0.0,
            "loss": 2.31,
            "learning_rate": 0.5,
            "gradient_norm": 2.0,
            "words_per_second": 4210.0,
        }
    ]
    assert state.since_log == Totals(**TOTALS)


def test_the_average_is_told_plainly(console: Console, tmp_path: Path) -> None:
    state = RunState(step=8, best_step=6, snapshots=[4, 6, 8])
    tells = teller(console, tmp_path, state, best_by="bleu")
    tells.average({"loss": 2.0, "bleu": 30.5}, better=True, best_before=30.0)
    tells.average({"loss": 2.0, "bleu": 29.5}, better=False, best_before=30.0)
    start = "average of the last 3 validated weights: loss 2.000"
    assert console.file.getvalue().splitlines() == [
        f"{start}  bleu 30.5, better than bleu 30; best.safetensors holds the average",
        f"{start}  bleu 29.5, no better than bleu 30; best.safetensors holds the model of step 6",
    ]
    assert [(line["event"], line["best"]) for line in lines(tmp_path)] == [
        ("average", True),
        ("average", False),
    ]


def test_processes_without_a_log_write_nothing(console: Console) -> None:
    state = RunState()
    tells = Teller(TrainingConfig(), state, PlainDisplay(console), None, IDLE)
    tells.validation({"loss": 1.0}, better=False)
    tells.close()
    assert state.log_bytes == 0
