"""Training curves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from matplotlib.image import imread

from throughtime.insight.training_curves import draw_curves


def write_metrics(folder: Path) -> None:
    events = [
        {"event": "train", "step": 1, "epoch": 0.5, "minutes": 0.1, "loss": 2.0, "learning_rate": 0.1},
        {
            "event": "validation",
            "step": 2,
            "epoch": 1.0,
            "minutes": 0.2,
            "loss": 1.5,
            "bleu": 10.0,
            "best": True,
        },
        {"event": "warning", "step": 2, "epoch": 1.0, "minutes": 0.2, "text": "note"},
        {
            "event": "validation",
            "step": 4,
            "epoch": 2.0,
            "minutes": 0.4,
            "loss": 1.0,
            "bleu": 20.0,
            "best": True,
        },
    ]
    (folder / "metrics.jsonl").write_text("".join(f"{json.dumps(event)}\n" for event in events))


def test_a_panel_for_each_metric(tmp_path: Path) -> None:
    write_metrics(tmp_path)
    files = draw_curves(tmp_path)
    assert files == [tmp_path / "curves.png"]
    picture = imread(files[0])
    assert picture.shape[1] > 2 * picture.shape[0]  # two panels beside each other
    assert np.ptp(picture[..., :3]) > 0.5


def test_one_validation_is_no_curve(tmp_path: Path) -> None:
    assert draw_curves(tmp_path) == []
    event = '{"event": "validation", "step": 1, "epoch": 1, "loss": 2}\n'
    (tmp_path / "metrics.jsonl").write_text(event)
    assert draw_curves(tmp_path) == [] and not (tmp_path / "curves.png").exists()
