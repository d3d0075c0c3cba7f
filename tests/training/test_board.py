"""What TensorBoard reads."""

from __future__ import annotations

from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from throughtime.training.metrics import Board


def points(folder: Path, name: str) -> list[tuple[int, float]]:
    return [(point.step, point.value) for point in EventAccumulator(str(folder)).Reload().Scalars(name)]


def test_tensorboard_reads_the_numbers_of_an_event(tmp_path: Path) -> None:
    board = Board(tmp_path, step=0)
    board.write("train", {"step": 1, "loss": 2.5, "note": "left out"})
    board.write("train", {"step": 2, "loss": 1.25})
    board.close()
    assert points(tmp_path, "train/loss") == [(1, 2.5), (2, 1.25)]


def test_a_resumed_run_replaces_what_the_killed_one_wrote_past_its_checkpoint(tmp_path: Path) -> None:
    for first, losses in ((1, [4.0, 3.0, 9.0]), (3, [2.0, 1.0])):
        board = Board(tmp_path, step=first - 1)
        for step, loss in enumerate(losses, first):
            board.write("train", {"step": step, "loss": loss})
        board.close()
    assert points(tmp_path, "train/loss") == [(1, 4.0), (2, 3.0), (3, 2.0), (4, 1.0)]
