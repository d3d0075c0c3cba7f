"""The curves of a training run, drawn from its metrics."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from throughtime.insight.charts import COLOURS, canvas

METRICS = "metrics.jsonl"
_WHERE = ("event", "step", "epoch", "minutes", "best")


def draw_curves(folder: Path) -> list[Path]:
    """Draw the loss in training, and each validation metric in a panel of its own, over epochs.

    Returns curves.png in `folder`, or nothing where metrics.jsonl holds fewer than two validations.
    """
    events = list(_events(folder / METRICS))
    validations = [event for event in events if event["event"] == "validation"]
    if len(validations) < 2:
        return []
    names = [name for name in validations[0] if name not in _WHERE]
    training = [event for event in events if event["event"] == "train"]
    with canvas(folder / "curves", (3.4 * len(names), 3.2), ("png",)) as (figure, files):
        for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
            if name == "loss" and training:
                axes.plot(*_points(training, name), color=COLOURS[0], linewidth=1, label="training")
            axes.plot(*_points(validations, name), "o-", color=COLOURS[1], label="validation")
            axes.set(xlabel="epoch", title=name)
            axes.grid(axis="y", color="#e3e6ea", linewidth=0.8)
        figure.axes[0].legend(frameon=False)
    return files


def _events(path: Path) -> Iterator[Mapping[str, Any]]:
    if path.exists():
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


def _points(events: list[Mapping[str, Any]], name: str) -> tuple[list[float], list[float]]:
    known = [event for event in events if name in event]
    return [event["epoch"] for event in known], [event[name] for event in known]
