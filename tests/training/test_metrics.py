"""metrics.jsonl."""

from __future__ import annotations

import json
from pathlib import Path

from throughtime.training.metrics import MetricsLog


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text("utf-8").splitlines()]


def test_each_event_is_one_line(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path, keep_bytes=0, step=0, tensorboard=False)
    log.write("train", {"step": 1, "loss": 2.5})
    length = log.write("validation", {"step": 1, "bleu": 30.0, "best": True})
    assert length == (tmp_path / "metrics.jsonl").stat().st_size
    assert lines(tmp_path) == [
        {"event": "train", "step": 1, "loss": 2.5},
        {"event": "validation", "step": 1, "bleu": 30.0, "best": True},
    ]


def test_what_a_killed_run_wrote_past_its_checkpoint_goes(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path, keep_bytes=0, step=0, tensorboard=False)
    length = log.write("train", {"step": 1})
    log.write("train", {"step": 2})
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"event": "tr')
    MetricsLog(tmp_path, keep_bytes=length, step=1, tensorboard=False).write("train", {"step": 2, "again": 1})
    assert [(line["step"], line.get("again")) for line in lines(tmp_path)] == [(1, None), (2, 1)]


def test_lines_lost_in_a_power_cut_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    log = MetricsLog(tmp_path, keep_bytes=0, step=0, tensorboard=False)
    first = log.write("train", {"step": 1})
    second = log.write("train", {"step": 2})
    assert MetricsLog(tmp_path, second, step=2, tensorboard=False).lost == 0
    path.write_bytes(path.read_bytes()[:-3])  # in the middle of a line
    log = MetricsLog(tmp_path, second, step=2, tensorboard=False)
    assert log.lost == second - first
    log.write("train", {"step": 3})
    assert [line["step"] for line in lines(tmp_path)] == [1, 3]
    path.unlink()
    assert MetricsLog(tmp_path, second, step=2, tensorboard=False).lost == second


def test_tensorboard_is_written_only_when_asked(tmp_path: Path) -> None:
    for asked in (False, True):
        log = MetricsLog(tmp_path, keep_bytes=0, step=0, tensorboard=asked)
        log.write("train", {"step": 1})
        log.close()
        assert (tmp_path / "tensorboard").exists() is asked
